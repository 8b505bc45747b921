//! The files that go with a campaign's messages.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::body::SizedStream;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{Bytes, Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use futures_util::{StreamExt, TryStreamExt, stream};
use nexus_application::campaigns::{
    AddMediaError, Campaigns, IncomingMedia, MediaContent, OpenMediaError, QuotaExceeded,
    RemoveMediaError,
};
use nexus_domain::ports::MediaRefusal;
use nexus_domain::values::Language;
use nexus_domain::{CampaignId, MediaId, MediaKind, MediaType};
use utoipa::ToSchema;
use uuid::Uuid;

use super::refusals::not_while;
use super::view::CampaignEnvelope;
use super::words::{name_channel, name_media_kind};
use crate::errors::{ApiError, Code, number, size};
use crate::extract::{SignedIn, SlowUpload, UploadPace, language_of};
use crate::routes::shared::{AnyFailure, CanConflict, NeedsObject, NeedsSession, TakesValues};

/// The most fields of a form besides the file, all of which are passed over.
const MOST_FIELDS: usize = 20;
/// The most bytes of all of them.
const MOST_BESIDES: usize = 64 * 1024;

/// A file to go with a campaign.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the document is made from it")]
pub struct MediaUpload {
    /// JPEG or PNG up to 5 MB; AAC, AMR, MP3, M4A or OGG with Opus, MP4 or 3GP up to 16 MB; PDF, text,
    /// Word, Excel or PowerPoint up to 100 MB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

impl From<QuotaExceeded> for ApiError {
    fn from(QuotaExceeded { quota, used }: QuotaExceeded) -> Self {
        Self::new(Code::MediaQuota)
            .with("used", size(used))
            .with("quota", size(quota))
            .with_member("quota_bytes", quota)
            .with_member("used_bytes", used)
    }
}

impl From<(AddMediaError, Language)> for ApiError {
    fn from((error, language): (AddMediaError, Language)) -> Self {
        match error {
            AddMediaError::NotFound => Self::not_found(),
            AddMediaError::NotEditable { status } => not_while(status, language),
            AddMediaError::Empty => Self::new(Code::EmptyFile),
            AddMediaError::Refused(MediaRefusal::OtherType) => {
                let taken = MediaType::ALL.map(MediaType::as_str).to_vec();
                Self::new(Code::MediaType).with_member("media_types", taken)
            }
            AddMediaError::Refused(MediaRefusal::TooManyPixels { width, height }) => {
                Self::new(Code::PictureTooLarge)
                    .with("width", number(width))
                    .with("height", number(height))
            }
            AddMediaError::TooLarge { kind } => too_large(kind, language),
            AddMediaError::TooMany { channel } => Self::new(Code::MediaLimit)
                .with("channel", name_channel(channel))
                .with("max", channel.max_files()),
            AddMediaError::Quota(error) => error.into(),
            AddMediaError::Files(error) => error.into(),
            AddMediaError::Storage(error) => error.into(),
        }
    }
}

fn too_large(kind: MediaKind, language: Language) -> ApiError {
    ApiError::new(Code::MediaTooLarge)
        .with("kind", name_media_kind(kind, language))
        .with("max", size(kind.max_bytes()))
        .with_member("max_bytes", kind.max_bytes())
}

impl From<(RemoveMediaError, Language)> for ApiError {
    fn from((error, language): (RemoveMediaError, Language)) -> Self {
        match error {
            RemoveMediaError::NotFound => Self::not_found(),
            RemoveMediaError::NotEditable { status } => not_while(status, language),
            RemoveMediaError::Storage(error) => error.into(),
        }
    }
}

impl From<OpenMediaError> for ApiError {
    fn from(error: OpenMediaError) -> Self {
        match error {
            OpenMediaError::NotFound => Self::not_found(),
            OpenMediaError::Files(error) => error.into(),
            OpenMediaError::Storage(error) => error.into(),
        }
    }
}

/// Adds a file to the message of a campaign that has not started. What it is, is judged by its content;
/// name and type that come with it say nothing. A WhatsApp message carries one file. The same file under
/// the same name is added once, however often it is sent; there is no `Idempotency-Key`.
#[utoipa::path(
    tag = "campaigns",
    operation_id = "add_campaign_media",
    params(("id" = Uuid, Path, description = "The campaign")),
    request_body(content = MediaUpload, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Added", body = CampaignEnvelope),
        AnyFailure, NeedsSession, NeedsObject, TakesValues, CanConflict,
    )
)]
#[post("/{id}/media")]
pub async fn add(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
    pace: Data<UploadPace>,
    mut form: Multipart,
) -> Result<HttpResponse, ApiError> {
    let language = language_of(&request);
    let campaign = CampaignId::from_uuid(*id);
    let mut upload = pace.begin();
    let mut fields = 0;
    let mut besides = 0;
    let mut received = None;
    let outcome = async {
        while let Some(mut field) = next(&upload, form.try_next()).await? {
            if field.name() == Some("file") {
                if received.is_some() {
                    return Err(malformed());
                }
                let name = file_name(&field);
                let incoming = campaigns.begin_media(&actor, campaign, &name).await;
                let incoming = incoming.map_err(|error| (error, language))?;
                let file = received.insert(incoming);
                receive(file, language, &mut upload, &mut field).await?;
            } else {
                fields += 1;
                pass_over(&mut upload, &mut field, &mut besides).await?;
            }
            if fields > MOST_FIELDS {
                return Err(malformed());
            }
        }
        Ok(())
    };
    let outcome = outcome.await;
    let file = match (outcome, received) {
        (Ok(()), Some(file)) => file,
        (Ok(()), None) => return Err(malformed()),
        (Err(error), file) => {
            if let Some(file) = file {
                file.abandon().await;
            }
            return Err(error);
        }
    };
    let details = file.finish().await.map_err(|error| (error, language))?;
    let campaign = CampaignEnvelope::new(details, language, campaigns.now());
    Ok(HttpResponse::Created().json(campaign))
}

fn malformed() -> ApiError {
    ApiError::new(Code::MalformedUpload)
}

async fn next<T>(
    upload: &SlowUpload,
    step: impl Future<Output = Result<T, MultipartError>>,
) -> Result<T, ApiError> {
    upload.wait_for(step).await?.map_err(|_| malformed())
}

fn file_name(field: &Field) -> String {
    let disposition = field.content_disposition();
    let name = disposition.and_then(|disposition| disposition.get_filename());
    name.unwrap_or_default().to_owned()
}

async fn receive(
    file: &mut IncomingMedia,
    language: Language,
    upload: &mut SlowUpload,
    field: &mut Field,
) -> Result<(), ApiError> {
    while let Some(piece) = next(upload, field.try_next()).await? {
        upload.received(piece.len());
        file.write(&piece)
            .await
            .map_err(|error| (error, language))?;
    }
    Ok(())
}

async fn pass_over(
    upload: &mut SlowUpload,
    field: &mut Field,
    besides: &mut usize,
) -> Result<(), ApiError> {
    while let Some(piece) = next(upload, field.try_next()).await? {
        upload.received(piece.len());
        *besides += piece.len();
        if *besides > MOST_BESIDES {
            return Err(malformed());
        }
    }
    Ok(())
}

/// The content of a file of a campaign, to be kept and not shown: browsers neither guess what it is nor
/// run anything in it.
#[utoipa::path(
    tag = "campaigns",
    operation_id = "read_campaign_media",
    params(
        ("id" = Uuid, Path, description = "The campaign"),
        ("media_id" = Uuid, Path, description = "The file"),
    ),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[get("/{id}/media/{media_id}")]
pub async fn read(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    ids: Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, ApiError> {
    let (campaign, id) = ids.into_inner();
    let (campaign, id) = (CampaignId::from_uuid(campaign), MediaId::from_uuid(id));
    let MediaContent { file, content } = campaigns.open_media(&actor, campaign, id).await?;
    let pieces = stream::unfold(Some(content), |content| async {
        let mut content = content?;
        match content.next().await {
            Ok(Some(piece)) => Some((Ok(Bytes::from(piece)), Some(content))),
            Ok(None) => None,
            // The answer has begun: it ends before its length, which the browser takes for a failure.
            Err(error) => {
                let failed = actix_web::Error::from(ApiError::from(error));
                Some((Err(failed), None))
            }
        }
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, file.media_type.as_str()))
        .insert_header((CONTENT_DISPOSITION, attachment(&file.sent_name())))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"))
        .insert_header((CACHE_CONTROL, "private, max-age=3600"))
        .body(SizedStream::new(file.size, pieces.boxed_local())))
}

/// `Content-Disposition` with a name for every program (RFC 6266): in ASCII, and in UTF-8 as RFC 8187
/// writes it.
fn attachment(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' | ' ' | '(' | ')' => c,
            _ => '_',
        })
        .collect();
    let mut extended = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                extended.push(char::from(byte));
            }
            _ => {
                extended.push('%');
                extended.push_str(&hex::encode_upper([byte]));
            }
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{extended}")
}

/// Takes a file from a campaign that has not started.
#[utoipa::path(
    tag = "campaigns",
    operation_id = "remove_campaign_media",
    params(
        ("id" = Uuid, Path, description = "The campaign"),
        ("media_id" = Uuid, Path, description = "The file"),
    ),
    responses(
        (status = 200, description = "Taken from it", body = CampaignEnvelope),
        AnyFailure, NeedsSession, NeedsObject, CanConflict,
    )
)]
#[delete("/{id}/media/{media_id}")]
pub async fn remove(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    ids: Path<(Uuid, Uuid)>,
) -> Result<Json<CampaignEnvelope>, ApiError> {
    let (campaign, id) = ids.into_inner();
    let language = language_of(&request);
    let (campaign, id) = (CampaignId::from_uuid(campaign), MediaId::from_uuid(id));
    let details = campaigns
        .remove_media(&actor, campaign, Some(id))
        .await
        .map_err(|error| (error, language))?;
    let now = campaigns.now();
    Ok(Json(CampaignEnvelope::new(details, language, now)))
}

/// Takes all files from a campaign that has not started.
#[utoipa::path(
    tag = "campaigns",
    operation_id = "remove_all_campaign_media",
    params(("id" = Uuid, Path, description = "The campaign")),
    responses(
        (status = 200, description = "It has no files", body = CampaignEnvelope),
        AnyFailure, NeedsSession, NeedsObject, CanConflict,
    )
)]
#[delete("/{id}/media")]
pub async fn remove_all(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<Json<CampaignEnvelope>, ApiError> {
    let language = language_of(&request);
    let details = campaigns
        .remove_media(&actor, CampaignId::from_uuid(*id), None)
        .await
        .map_err(|error| (error, language))?;
    let now = campaigns.now();
    Ok(Json(CampaignEnvelope::new(details, language, now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_in_a_header_and_whole_in_utf_8() {
        for (name, header) in [
            (
                "Menú \"del\" día; 5%.pdf",
                "attachment; filename=\"Men_ _del_ d_a_ 5_.pdf\"; filename*=UTF-8''Men%C3%BA%20%22del%22%20d%C3%ADa%3B%205%25.pdf",
            ),
            (
                "foto.jpg",
                "attachment; filename=\"foto.jpg\"; filename*=UTF-8''foto.jpg",
            ),
        ] {
            assert_eq!(attachment(name), header);
        }
    }
}
