"""Tables of made-up customers, the same for the same number of rows."""

import zipfile
from xml.sax.saxutils import escape

FIRST = ["María", "José", "Guadalupe", "Juan", "Sofía", "Luis", "Ángela", "Carlos", "Ximena", "Andrés",
         "Lucía", "Íñigo", "Valentina", "Óscar", "Renata", "Tomás", "Úrsula", "Mateo", "Begoña", "Iván"]
LAST = ["Hernández", "García", "Martínez", "López", "González", "Pérez", "Rodríguez", "Sánchez", "Ramírez",
        "Cruz", "Flores", "Gómez", "Morales", "Vázquez", "Jiménez", "Reyes", "Díaz", "Torres", "Gutiérrez", "Ruiz"]
CITIES = ["Puebla", "Mérida", "León", "Toluca", "Oaxaca", "Saltillo", "Xalapa", "Morelia", "Colima", "Tepic"]
HEADER = ["Nombre", "Apellidos", "Teléfono", "Correo", "Etiquetas", "Notas"]
# A number of each: one row in a hundred has the second, every row in twenty one of the first.
GROUPS = 20


def row(number):
    """The row of this number, counted from 0."""
    first = FIRST[number % 20]
    last = f"{LAST[number // 20 % 20]} {LAST[number // 400 % 20]}"
    # Scattered over a million numbers, each once: 7 and 1,000,003 have no divisor in common.
    scattered = number * 7 % 1_000_003
    phone = f"55 {1000 + scattered // 10000 % 9000:04d} {scattered % 10000:04d}"
    mail = f"cliente.{number * 611_953 % 1_000_003}@correo{number % 7}.example.com"
    tags = f"grupo {number % GROUPS}" + ("; preferente" if number % 100 == 3 else "")
    notes = f"Vive en {CITIES[number // 3 % 10]}, pedido {number * 31_337 % 1_000_003}" if number % 5 < 3 else ""
    return [first, last, phone, mail, tags, notes]


def csv_file(folder, rows):
    path = folder / f"clientes-{rows}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(HEADER) + "\r\n")
        for number in range(rows):
            file.write(",".join(f'"{cell}"' if "," in cell else cell for cell in row(number)) + "\r\n")
    return path


def xlsx_file(folder, rows):
    """As spreadsheets save it: texts are numbers of shared strings."""
    path = folder / f"clientes-{rows}.xlsx"
    shared = {}
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    related = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'{head}<worksheet xmlns="{main}"><sheetData>'.encode())
            for number in range(rows + 1):
                cells = HEADER if number == 0 else row(number - 1)
                line = "".join(
                    f'<c r="{column}{number + 1}" t="s"><v>{shared.setdefault(cell, len(shared))}</v></c>'
                    for column, cell in zip("ABCDEF", cells) if cell)
                sheet.write(f'<row r="{number + 1}">{line}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as strings:
            strings.write(f'{head}<sst xmlns="{main}" uniqueCount="{len(shared)}">'.encode())
            for text in shared:
                strings.write(f"<si><t>{escape(text)}</t></si>".encode())
            strings.write(b"</sst>")
        archive.writestr("xl/workbook.xml", f'{head}<workbook xmlns="{main}" xmlns:r="{related}"><sheets>'
                         '<sheet name="Clientes" sheetId="1" r:id="rId1"/></sheets></workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", f'{head}<Relationships xmlns="{package}/relationships">'
                         f'<Relationship Id="rId1" Type="{related}/worksheet" Target="worksheets/sheet1.xml"/>'
                         f'<Relationship Id="rId2" Type="{related}/sharedStrings" Target="sharedStrings.xml"/>'
                         "</Relationships>")
        archive.writestr("_rels/.rels", f'{head}<Relationships xmlns="{package}/relationships"><Relationship '
                         f'Id="rId1" Type="{related}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
        archive.writestr("[Content_Types].xml", f'{head}<Types xmlns="{package}/content-types">'
                         '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                         f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/>'
                         f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{types}.worksheet+xml"/>'
                         f'<Override PartName="/xl/sharedStrings.xml" ContentType="{types}.sharedStrings+xml"/></Types>')
    return path
