//! Judging files by their content. Whatever is not known to be one of the types that WhatsApp takes
//! is refused; nothing that a file says of itself decides how much memory is used.

mod compound;
mod package;
mod picture;
mod text;
mod tracks;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use async_trait::async_trait;
use infer::{audio, image, video};
use nexus_domain::ports::{FileStoreError, MediaRecogniser, MediaRefusal, RecognisedMedia};
use nexus_domain::{ContentHash, MediaKind, MediaType};
use sha2::{Digest, Sha256};
use tracks::Tracks;

const READ_BYTES: usize = 64 * 1024;

/// As many of the first bytes of a file as are looked at to tell what it may be.
const BEGINNING: usize = 8_192;

/// Judges files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct ContentRecogniser;

/// What a file may be that begins so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beginning {
    /// Of this type.
    Of(MediaType),
    /// A ZIP archive: a document of an office program, or anything else.
    Package,
    /// A compound file: an old document of an office program, or anything else.
    Compound,
    /// Text, as far as it goes.
    Text,
}

impl Beginning {
    fn of(first_bytes: &[u8]) -> Option<Self> {
        let bytes = &first_bytes[..first_bytes.len().min(BEGINNING)];
        let known = [
            (image::is_jpeg(bytes), MediaType::Jpeg),
            (picture::is_png(bytes), MediaType::Png),
            (bytes.starts_with(b"%PDF-"), MediaType::Pdf),
            (audio::is_ogg_opus(bytes), MediaType::OggOpus),
            (audio::is_amr(bytes), MediaType::Amr),
            (audio::is_m4a(bytes), MediaType::Mp4Audio),
            (video::is_mp4(bytes), MediaType::Mp4),
            (is_3gpp(bytes), MediaType::ThreeGpp),
            (audio::is_aac(bytes), MediaType::Aac),
            (audio::is_mp3(bytes), MediaType::Mp3),
        ];
        if let Some((_, media_type)) = known.into_iter().find(|(is, _)| *is) {
            return Some(Self::Of(media_type));
        }
        if bytes.starts_with(package::SIGNATURE) {
            return Some(Self::Package);
        }
        if bytes.starts_with(compound::SIGNATURE) {
            return Some(Self::Compound);
        }
        text::may_be_text(bytes).then_some(Self::Text)
    }

    fn kind(self) -> MediaKind {
        match self {
            Self::Of(media_type) => media_type.kind(),
            Self::Package | Self::Compound | Self::Text => MediaKind::Document,
        }
    }
}

/// ISO/IEC 14496-12 §4.3 and 3GPP TS 26.244 §5.3: the brand of a file is that of its release of 3GPP.
/// infer knows none of them.
fn is_3gpp(bytes: &[u8]) -> bool {
    bytes.get(4..11) == Some(b"ftyp3gp")
}

#[async_trait]
impl MediaRecogniser for ContentRecogniser {
    fn kind_of(&self, first_bytes: &[u8]) -> Option<MediaKind> {
        Beginning::of(first_bytes).map(Beginning::kind)
    }

    async fn recognise(
        &self,
        path: &Path,
    ) -> Result<Result<RecognisedMedia, MediaRefusal>, FileStoreError> {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || judge(File::open(path)?))
            .await
            .map_err(io::Error::other)
            .and_then(|judged| judged)
            .map_err(|source| FileStoreError {
                context: "reading a file",
                source,
            })
    }
}

fn judge(mut file: File) -> io::Result<Result<RecognisedMedia, MediaRefusal>> {
    let mut first_bytes = Vec::with_capacity(BEGINNING);
    let most = u64::try_from(BEGINNING).unwrap_or(u64::MAX);
    (&mut file).take(most).read_to_end(&mut first_bytes)?;
    let found = match Beginning::of(&first_bytes) {
        None => None,
        Some(Beginning::Of(media_type)) => match media_type {
            MediaType::Jpeg | MediaType::Png => match picture::check(&mut file, media_type)? {
                Ok(()) => Some(media_type),
                Err(refusal) => return Ok(Err(refusal)),
            },
            MediaType::Mp4 if Tracks::of(&mut file)?.are_sound_only() => Some(MediaType::Mp4Audio),
            // WhatsApp takes 3GPP as a video only.
            MediaType::ThreeGpp if Tracks::of(&mut file)?.are_sound_only() => None,
            _ => Some(media_type),
        },
        Some(Beginning::Package) => package::media_type(&mut file)?,
        Some(Beginning::Compound) => compound::media_type(&mut file)?,
        Some(Beginning::Text) => text::is_text(&mut file)?.then_some(MediaType::Text),
    };
    let Some(media_type) = found else {
        return Ok(Err(MediaRefusal::OtherType));
    };
    Ok(Ok(RecognisedMedia {
        media_type,
        sha256: hash(&mut file)?,
    }))
}

fn hash(file: &mut File) -> io::Result<ContentHash> {
    file.seek(SeekFrom::Start(0))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(ContentHash(hash.finalize().into()));
        }
        hash.update(&buffer[..read]);
    }
}

/// Fills `buffer` from this place of the file; `None` when the file ends before.
fn read_at(file: &mut File, place: u64, buffer: &mut [u8]) -> io::Result<Option<()>> {
    file.seek(SeekFrom::Start(place))?;
    match file.read_exact(buffer) {
        Ok(()) => Ok(Some(())),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn u16_at(bytes: &[u8], place: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(place..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], place: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(place..)?.first_chunk()?))
}
