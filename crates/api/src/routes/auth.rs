//! Registration, sign-in and sign-out.

use std::net::IpAddr;

use actix_session::Session;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use nexus_application::accounts::{
    Accounts, ProfileError, Register, RegisterError, SignIn, SignInError,
};
use nexus_domain::values::Language;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::profile::{PublicUrl, UserView};
use super::shared::{AnyFailure, CanConflict, CountsTries, NeedsSession, Said, TakesValues};
use crate::errors::{ApiError, Code};
use crate::extract::{Body, PreferredLanguage, SignedIn, language_of, remember};
use crate::middleware::{AllowedOrigins, SignInLimit};

/// A new account.
#[derive(Deserialize, ToSchema)]
pub struct RegisterBody {
    /// The person's name, up to 200 characters.
    #[serde(default)]
    #[schema(example = "Lucía Hernández")]
    name: String,
    /// The address to sign in with.
    #[serde(default)]
    #[schema(example = "lucia@flores-lucia.mx", format = "email")]
    email: String,
    /// 10 to 128 characters, none of the most used passwords.
    #[serde(default)]
    #[schema(value_type = String, example = "tres girasoles en abril", format = "password")]
    password: String,
    /// A phone number.
    #[schema(example = "+52 55 1234 5678")]
    phone: Option<String>,
    /// The company's name.
    #[schema(example = "Flores Lucía")]
    company: Option<String>,
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
pub struct LoginBody {
    /// The address of the account.
    #[serde(default)]
    #[schema(example = "lucia@flores-lucia.mx")]
    email: String,
    /// Its password.
    #[serde(default)]
    #[schema(example = "tres girasoles en abril", format = "password")]
    password: String,
}

/// A sentence and the user.
#[derive(Serialize, ToSchema)]
pub struct UserSaid {
    /// One sentence for a person.
    #[schema(example = "Bienvenida.")]
    pub message: String,
    /// The user.
    pub user: UserView,
}

/// The user.
#[derive(Serialize, ToSchema)]
pub struct UserEnvelope {
    /// The user.
    pub user: UserView,
}

impl From<RegisterError> for ApiError {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Invalid(violations) => Self::invalid(&violations),
            RegisterError::EmailTaken => Self::new(Code::EmailTaken),
            RegisterError::Hashing(error) => Self::internal(&error),
            RegisterError::Provisioning(error) => Self::internal(&error),
            RegisterError::Storage(error) => error.into(),
        }
    }
}

impl From<SignInError> for ApiError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::WrongCredentials => Self::new(Code::WrongCredentials),
            SignInError::Hashing(error) => Self::internal(&error),
            SignInError::Storage(error) => error.into(),
        }
    }
}

/// The address that a request came from; a proxy's word counts only when it is ours.
pub(super) fn client_address(request: &HttpRequest) -> IpAddr {
    let trusted = request
        .app_data::<Data<AllowedOrigins>>()
        .is_some_and(|origins| origins.trust_proxy);
    let forwarded = trusted
        .then(|| {
            // The last entry is the one that our proxy added; those before it are the client's word.
            let header = request.headers().get("x-forwarded-for")?.to_str().ok()?;
            header.rsplit(',').next()?.trim().parse().ok()
        })
        .flatten();
    forwarded
        .or_else(|| request.peer_addr().map(|peer| peer.ip()))
        .unwrap_or(IpAddr::from([0, 0, 0, 0]))
}

/// Registers an account and signs it in.
#[utoipa::path(
    tag = "auth",
    operation_id = "register",
    request_body = RegisterBody,
    responses(
        (status = 201, description = "Registered and signed in", body = UserSaid),
        AnyFailure, TakesValues, CanConflict, CountsTries,
    )
)]
#[post("/register")]
pub async fn register(
    accounts: Data<Accounts>,
    public: Data<PublicUrl>,
    limit: Data<SignInLimit>,
    request: HttpRequest,
    session: Session,
    PreferredLanguage(language): PreferredLanguage,
    Body(body): Body<RegisterBody>,
) -> Result<HttpResponse, ApiError> {
    limit.check(client_address(&request), &body.email)?;
    let profile = accounts
        .register(Register {
            name: body.name,
            email: body.email,
            password: SecretString::from(body.password),
            phone: body.phone,
            company: body.company,
            language,
        })
        .await?;
    remember(&session, profile.user.id, profile.user.language)?;
    let message = match profile.user.language {
        Language::Es => "Tu cuenta está lista.",
        Language::En => "Your account is ready.",
    };
    Ok(HttpResponse::Created().json(UserSaid {
        message: message.to_owned(),
        user: UserView::new(profile, &public),
    }))
}

/// Signs in.
#[utoipa::path(
    tag = "auth",
    operation_id = "login",
    request_body = LoginBody,
    responses(
        (status = 200, description = "Signed in", body = UserSaid),
        (status = 401, description = "Unknown e-mail or wrong password", body = crate::errors::ProblemDocument, content_type = "application/problem+json"),
        AnyFailure, TakesValues, CountsTries,
    )
)]
#[post("/login")]
pub async fn login(
    accounts: Data<Accounts>,
    public: Data<PublicUrl>,
    limit: Data<SignInLimit>,
    request: HttpRequest,
    session: Session,
    Body(body): Body<LoginBody>,
) -> Result<Json<UserSaid>, ApiError> {
    limit.check(client_address(&request), &body.email)?;
    let profile = accounts
        .sign_in(SignIn {
            email: body.email,
            password: SecretString::from(body.password),
        })
        .await?;
    remember(&session, profile.user.id, profile.user.language)?;
    let message = match profile.user.language {
        Language::Es => "Sesión iniciada.",
        Language::En => "You are signed in.",
    };
    Ok(Json(UserSaid {
        message: message.to_owned(),
        user: UserView::new(profile, &public),
    }))
}

/// Signs out; without a session too.
#[utoipa::path(
    tag = "auth",
    operation_id = "logout",
    responses((status = 200, description = "Signed out", body = Said), AnyFailure)
)]
#[post("/logout")]
pub async fn logout(request: HttpRequest, session: Session) -> Json<Said> {
    let message = match language_of(&request) {
        Language::Es => "Sesión cerrada.",
        Language::En => "You are signed out.",
    };
    session.purge();
    Json(Said {
        message: message.to_owned(),
    })
}

/// The signed-in user.
#[utoipa::path(
    tag = "auth",
    operation_id = "me",
    responses((status = 200, description = "The user", body = UserEnvelope), AnyFailure, NeedsSession)
)]
#[get("/me")]
pub async fn me(
    accounts: Data<Accounts>,
    public: Data<PublicUrl>,
    SignedIn(actor): SignedIn,
) -> Result<Json<UserEnvelope>, ApiError> {
    let profile = accounts.recent_profile(&actor).await.map_err(gone)?;
    Ok(Json(UserEnvelope {
        user: UserView::new(profile, &public),
    }))
}

/// A session whose account was deleted meanwhile is no session.
pub(super) fn gone(error: ProfileError) -> ApiError {
    match error {
        ProfileError::NoSuchUser => ApiError::new(Code::NotSignedIn),
        ProfileError::Storage(error) => error.into(),
    }
}
