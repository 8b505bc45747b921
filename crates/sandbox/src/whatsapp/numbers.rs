//! Test numbers: the last four digits decide what happens, whatever stands before them.
//!
//! Any prefix that is a real number plan works, so the numbers pass libphonenumber: for example
//! `+52 55 1234 9026` (Mexico), `+34 612 349 026` (Spain), `+1 415 555 9026` (USA). All test
//! endings start with 9; a list of consecutive numbers for a load test should keep the
//! thousands digit of its endings under 9, or switch `scripted_numbers` off.

use serde::Serialize;

use crate::entropy;

/// One scripted ending.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TestNumber {
    /// The last four digits.
    pub ending: &'static str,
    /// What happens, in Spanish.
    pub es: &'static str,
    /// What happens, in English.
    pub en: &'static str,
    #[serde(skip)]
    pub(crate) script: Script,
}

/// What a number does with a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub(crate) answer: Answer,
    pub(crate) statuses: StatusPlan,
    pub(crate) reply: Reply,
}

/// What the sender of the request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 200.
    Normal,
    /// 200, but the first status webhook is delivered before it.
    AfterStatus,
    /// A refusal by code; the first `times` attempts, or every one.
    Refusal { code: u32, times: Option<u32> },
    /// The error answer of a code although the message was accepted.
    FalseRefusal { code: u32 },
    /// 503 or 504 with an HTML page.
    HtmlPage { status: u16, accepted: bool },
    /// No answer; the connection stays open.
    Hang { accepted: bool },
    /// The connection is reset.
    Reset { accepted: bool },
    /// 200 with a body that breaks off.
    Garbled,
}

/// Which status webhooks follow an accepted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusPlan {
    /// sent, delivered, and read for seven numbers in ten.
    Everyday,
    Exactly(&'static [Status]),
    /// sent, delivered, read, each twice.
    Twice,
    Failed(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Sent,
    Delivered,
    Read,
    Failed(u32),
}

impl Status {
    /// The status that a webhook entry of the journal names.
    pub(crate) fn of(word: &str, code: Option<u32>) -> Self {
        match word {
            "read" => Self::Read,
            "delivered" => Self::Delivered,
            "failed" => Self::Failed(code.unwrap_or_default()),
            _ => Self::Sent,
        }
    }

    /// The error code of a failure.
    pub(crate) fn code(self) -> Option<u32> {
        match self {
            Self::Failed(code) => Some(code),
            _ => None,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed(_) => "failed",
        }
    }
}

/// What the person holding the phone does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// About one number in ten answers, if it reads.
    Sometimes,
    Never,
    Text(&'static str),
    /// Taps the first quick-reply button of a template.
    TapsButton,
    /// Stops marketing messages in WhatsApp's settings (`user_preferences`).
    StopsMarketing,
}

const ORDINARY: Script = Script {
    answer: Answer::Normal,
    statuses: StatusPlan::Everyday,
    reply: Reply::Sometimes,
};

const fn answers(answer: Answer) -> Script {
    Script {
        answer,
        statuses: StatusPlan::Exactly(&[Status::Sent, Status::Delivered, Status::Read]),
        reply: Reply::Never,
    }
}

const fn refuses(code: u32) -> Script {
    answers(Answer::Refusal { code, times: None })
}

const fn refuses_first(code: u32, times: u32) -> Script {
    answers(Answer::Refusal {
        code,
        times: Some(times),
    })
}

const fn statuses(statuses: StatusPlan) -> Script {
    Script {
        answer: Answer::Normal,
        statuses,
        reply: Reply::Never,
    }
}

const fn replies(reply: Reply) -> Script {
    Script {
        reply,
        ..answers(Answer::Normal)
    }
}

macro_rules! endings {
    ($($ending:literal $script:expr, $es:literal, $en:literal;)+) => {
        &[$(TestNumber { ending: $ending, es: $es, en: $en, script: $script }),+]
    };
}

/// Every scripted ending. The page shows this table, and `GET /sandbox/numbers` returns it.
pub const TEST_NUMBERS: &[TestNumber] = endings! {
    "9026" statuses(StatusPlan::Failed(131_026)),
        "Aceptado; luego falla: 131026, destinatario inalcanzable",
        "Accepted, then failed: 131026 recipient unreachable";
    "9126" refuses(131_026), "Rechazado al enviar: 131026", "Refused at once: 131026";
    "9042" statuses(StatusPlan::Failed(131_042)),
        "Aceptado; luego falla: 131042, problema de pago",
        "Accepted, then failed: 131042 payment issue";
    "9047" statuses(StatusPlan::Failed(131_047)),
        "Aceptado; luego falla: 131047, fuera de la ventana de 24 h",
        "Accepted, then failed: 131047 outside the 24-hour window";
    "9147" refuses(131_047), "Rechazado al enviar: 131047", "Refused at once: 131047";
    "9048" refuses(131_048), "Rechazado: 131048, límite por spam", "Refused: 131048 spam rate limit";
    "9049" statuses(StatusPlan::Failed(131_049)),
        "Aceptado; luego falla: 131049, ecosistema saludable",
        "Accepted, then failed: 131049 healthy ecosystem";
    "9050" statuses(StatusPlan::Failed(131_050)),
        "Aceptado; luego falla: 131050, no quiere mensajes de marketing",
        "Accepted, then failed: 131050 stopped marketing messages";
    "9472" statuses(StatusPlan::Failed(130_472)),
        "Aceptado; luego falla: 130472, experimento de Meta",
        "Accepted, then failed: 130472 part of an experiment";
    "9053" statuses(StatusPlan::Failed(131_053)),
        "Aceptado; luego falla: 131053, archivo",
        "Accepted, then failed: 131053 media";
    "9056" refuses_first(131_056, 2),
        "131056 (límite por par) las dos primeras veces, después aceptado",
        "131056 (pair rate limit) the first two times, then accepted";
    "9429" refuses_first(130_429, 1),
        "130429 (límite de envío) la primera vez, después aceptado",
        "130429 (rate limit) the first time, then accepted";
    "9016" refuses_first(131_016, 1),
        "131016 (servicio no disponible) la primera vez, después aceptado",
        "131016 (service unavailable) the first time, then accepted";
    "9000" refuses(131_000), "131000, HTTP 500; no fue aceptado", "131000, HTTP 500; was not accepted";
    "9100" answers(Answer::FalseRefusal { code: 131_000 }),
        "131000, HTTP 500, aunque SÍ fue aceptado y se entrega",
        "131000, HTTP 500, although it WAS accepted and is delivered";
    "9001" refuses(1), "Código 1, error desconocido; no aceptado", "Code 1 unknown error; not accepted";
    "9002" refuses(2), "Código 2, servicio caído; no aceptado", "Code 2 service down; not accepted";
    "9190" refuses(190), "190: token vencido", "190: token expired";
    "9031" refuses(131_031), "131031: cuenta bloqueada", "131031: account locked";
    "9503" answers(Answer::HtmlPage { status: 503, accepted: false }),
        "503 con página HTML; no aceptado", "503 with an HTML page; not accepted";
    "9504" answers(Answer::HtmlPage { status: 504, accepted: true }),
        "504 con página HTML, aunque SÍ fue aceptado", "504 with an HTML page, although it WAS accepted";
    "9080" answers(Answer::Hang { accepted: false }),
        "Nunca responde; no aceptado", "Never answers; not accepted";
    "9081" answers(Answer::Hang { accepted: true }),
        "Nunca responde, aunque SÍ fue aceptado", "Never answers, although it WAS accepted";
    "9090" answers(Answer::Reset { accepted: false }),
        "Corta la conexión; no aceptado", "Connection reset; not accepted";
    "9091" answers(Answer::Reset { accepted: true }),
        "Corta la conexión, aunque SÍ fue aceptado y se entrega",
        "Connection reset, although it WAS accepted and is delivered";
    "9092" Script {
            statuses: StatusPlan::Exactly(&[]),
            ..answers(Answer::Reset { accepted: true })
        },
        "Corta la conexión tras aceptar, y nunca llegan estados",
        "Connection reset after acceptance, and no status ever comes";
    "9093" answers(Answer::Garbled),
        "Aceptado, pero la respuesta llega cortada", "Accepted, but the answer breaks off";
    "9200" statuses(StatusPlan::Exactly(&[Status::Sent])), "Solo «enviado»", "Only sent";
    "9201" statuses(StatusPlan::Exactly(&[Status::Sent, Status::Delivered])),
        "Entregado, nunca leído", "Delivered, never read";
    "9202" statuses(StatusPlan::Exactly(&[Status::Sent, Status::Read])),
        "Leído sin «entregado»", "Read without delivered";
    "9203" statuses(StatusPlan::Exactly(&[Status::Read, Status::Delivered, Status::Sent])),
        "Estados en orden inverso", "Statuses in reverse order";
    "9204" statuses(StatusPlan::Twice), "Cada estado dos veces", "Every status twice";
    "9205" answers(Answer::AfterStatus),
        "El estado llega antes que la respuesta", "The status comes before the answer";
    "9206" statuses(StatusPlan::Exactly(&[])), "Aceptado, ningún estado", "Accepted, no status at all";
    "9207" statuses(StatusPlan::Exactly(&[Status::Sent, Status::Failed(131_026)])),
        "«Enviado» y después falla: 131026", "Sent, then failed: 131026";
    "9210" replies(Reply::Text("BAJA")), "Responde «BAJA»", "Replies \"BAJA\" (opt-out)";
    "9211" replies(Reply::Text("Hola, ¿cuál es el horario de atención?")),
        "Responde con una pregunta", "Replies with a question";
    "9212" replies(Reply::TapsButton),
        "Pulsa el primer botón de la plantilla", "Taps the template's first button";
    "9213" replies(Reply::StopsMarketing),
        "Desactiva los mensajes de marketing (user_preferences)",
        "Stops marketing messages (user_preferences)";
};

/// What this number does.
pub(crate) fn script(digits: &str, scripted_numbers: bool) -> Script {
    if !scripted_numbers {
        return ORDINARY;
    }
    TEST_NUMBERS
        .iter()
        .find(|number| digits.ends_with(number.ending))
        .map_or(ORDINARY, |number| number.script)
}

/// The statuses a message gets, each with the number of status delays after which it comes.
pub(crate) fn timetable(plan: StatusPlan, digits: &str) -> Vec<(u32, Status)> {
    use Status::{Delivered, Failed, Read, Sent};
    let steps: Vec<Status> = match plan {
        StatusPlan::Everyday if reads(digits) => vec![Sent, Delivered, Read],
        StatusPlan::Everyday => vec![Sent, Delivered],
        StatusPlan::Exactly(statuses) => statuses.to_vec(),
        StatusPlan::Twice => vec![Sent, Sent, Delivered, Delivered, Read, Read],
        StatusPlan::Failed(code) => vec![Failed(code)],
    };
    (1..).zip(steps).collect()
}

/// Seven numbers in ten read their messages; always the same ones.
fn reads(digits: &str) -> bool {
    entropy::stable_hash(digits) % 100 < 70
}

/// What an ordinary number answers, if it is one of the tenth that does.
pub(crate) fn everyday_reply(digits: &str) -> Option<&'static str> {
    const ANSWERS: &[&str] = &[
        "¡Gracias por la información!",
        "Me interesa, ¿me pueden llamar?",
        "¿Cuánto cuesta?",
        "Ok, gracias",
        "¿Siguen abiertos hoy?",
        "Por ahora no, gracias 🙏",
    ];
    if !reads(digits) {
        return None;
    }
    let draw = entropy::stable_hash(digits) / 100;
    let answer = usize::try_from(draw / 7 % ANSWERS.len() as u64).unwrap_or(0);
    draw.is_multiple_of(7).then(|| ANSWERS[answer])
}

/// The profile name of the person who holds this phone.
pub(crate) fn profile_name(digits: &str) -> String {
    const FIRST: &[&str] = &[
        "Ana", "Luis", "María", "José", "Lucía", "Carlos", "Sofía", "Miguel", "Elena", "Jorge",
        "Valeria", "Diego", "Carmen", "Andrés", "Paula", "Raúl",
    ];
    const LAST: &[&str] = &[
        "García",
        "Hernández",
        "López",
        "Martínez",
        "González",
        "Pérez",
        "Sánchez",
        "Ramírez",
        "Flores",
        "Núñez",
        "Ortiz",
        "Vargas",
    ];
    let hash = entropy::stable_hash(digits);
    let pick = |list: &[&'static str], hash: u64| {
        list[usize::try_from(hash % list.len() as u64).unwrap_or(0)]
    };
    format!("{} {}", pick(FIRST, hash >> 8), pick(LAST, hash >> 24))
}

/// WhatsApp's id for a number. Mexican mobiles keep the `1` that the numbering plan dropped in
/// 2019, so `wa_id` and `from` are `521…` although the business wrote to `52…`.
pub(crate) fn wa_id(digits: &str, mexican_prefix: bool) -> String {
    match digits.strip_prefix("52") {
        Some(national) if mexican_prefix && national.len() == 10 => format!("521{national}"),
        _ => digits.to_owned(),
    }
}

/// The digits of a number as people write it (`+52 55 1234-5678`), if it is one.
pub(crate) fn digits(written: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_digit() || " -().+".contains(c);
    if !written.chars().all(allowed) {
        return None;
    }
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    (7..=15).contains(&digits.len()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_is_valid_in_mexico_spain_and_the_usa() {
        for number in TEST_NUMBERS {
            for prefix in ["+52551234", "+3461234", "+1415555"] {
                let written = format!("{prefix}{}", number.ending);
                let parsed = phonenumber::parse(None, &written).unwrap();
                assert!(parsed.is_valid(), "{written} is not valid");
            }
        }
    }

    #[test]
    fn endings_are_unique_and_start_with_nine() {
        let mut seen = std::collections::HashSet::new();
        for number in TEST_NUMBERS {
            assert!(number.ending.len() == 4 && number.ending.starts_with('9'));
            assert!(seen.insert(number.ending), "{} twice", number.ending);
        }
    }

    #[test]
    fn about_seven_in_ten_read_and_one_in_ten_replies() {
        let numbers = (0..10_000).map(|i| format!("52155{i:08}"));
        let (mut read, mut replied) = (0, 0);
        for number in numbers {
            read += u32::from(reads(&number));
            replied += u32::from(everyday_reply(&number).is_some());
        }
        assert!((6_700..7_300).contains(&read), "{read}");
        assert!((800..1_200).contains(&replied), "{replied}");
    }

    #[test]
    fn mexican_mobiles_keep_the_old_one_in_their_whatsapp_id() {
        assert_eq!(wa_id("525512345678", true), "5215512345678");
        assert_eq!(wa_id("5215512345678", true), "5215512345678");
        assert_eq!(wa_id("525512345678", false), "525512345678");
        assert_eq!(wa_id("34612345678", true), "34612345678");
    }

    #[test]
    fn digits_accepts_what_meta_accepts() {
        assert_eq!(
            digits("+52 (55) 1234-5678").as_deref(),
            Some("525512345678")
        );
        assert_eq!(digits("hola"), None);
        assert_eq!(digits("123"), None);
    }
}
