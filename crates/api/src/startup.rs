//! The HTTP server: built, its address known, run until it is stopped.

use std::any::Any;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::Server;
use actix_web::http::{Method, header};
use actix_web::middleware::{NormalizePath, from_fn};
#[cfg(target_os = "linux")]
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::Context;
use utoipa::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi};

use crate::composition::Composition;
use crate::errors::{ApiError, Code, render_errors};
use crate::extract::{BodyLimits, UploadPace};
use crate::middleware::{
    AllowedMethods, AllowedOrigins, Idempotency, RequestIds, SignInLimit, answer_head,
    assign_request_id, close_on_unread_body, harden, honour_idempotency_key, refuse_foreign_writes,
};
use crate::openapi::{Document, name_idempotency_keys};
use crate::routes::health::Readiness;
use crate::routes::profile::PublicUrl;
use crate::routes::{
    auth, campaigns, contacts, events, health, imports, integrations, profile, statistics, webhooks,
};
use crate::session::{self, DatabaseSessions};
use crate::settings::Settings;

/// How long requests in flight have after the server was told to stop.
const STOP_WITHIN_SECONDS: u64 = 15;

/// How often tries to sign in are forgotten that count no longer.
const FORGET_TRIES_EVERY: Duration = Duration::from_mins(10);

/// Where the OpenAPI document is.
const DOCUMENT: &str = "/api/openapi.json";

/// A server that listens and does not answer yet.
pub struct Application {
    server: Server,
    address: SocketAddr,
    sign_in_limit: Data<SignInLimit>,
}

/// The routes; the order decides between `/tags` and `/{id}`. `$scope` groups them: actix's to serve
/// them, utoipa's to gather their documentation.
macro_rules! routes {
    ($app:expr, $scope:path) => {
        $app.service(health::health)
            .service(health::ready)
            .service(
                $scope("/api/auth")
                    .service(auth::register)
                    .service(auth::login)
                    .service(auth::logout)
                    .service(auth::me),
            )
            .service(
                $scope("/api/profile")
                    .service(profile::change_password)
                    .service(profile::read)
                    .service(profile::update)
                    .service(profile::delete_account),
            )
            .service(
                $scope("/api/contacts")
                    .service(contacts::tags::list)
                    .service(contacts::tags::rename)
                    .service(contacts::tags::remove)
                    .service(contacts::fields::list)
                    .service(contacts::fields::remove)
                    .service(contacts::segments::list)
                    .service(contacts::segments::create)
                    .service(contacts::segments::read)
                    .service(contacts::segments::update)
                    .service(contacts::segments::remove)
                    .service(contacts::bulk::start)
                    .service(contacts::bulk::read)
                    .service(contacts::export::csv)
                    .service(contacts::export::xlsx)
                    .service(imports::upload::import_file)
                    .service(imports::preview::show)
                    .service(imports::preview::show_again)
                    .service(imports::control::start)
                    .service(imports::control::cancel)
                    .service(imports::control::undo)
                    .service(imports::refused_rows::download)
                    .service(imports::browse::list)
                    .service(imports::browse::errors)
                    .service(imports::browse::read)
                    .service(contacts::merge::merge)
                    .service(contacts::list)
                    .service(contacts::create)
                    .service(contacts::read)
                    .service(contacts::update)
                    .service(contacts::remove),
            )
            .service(
                $scope("/api/campaigns")
                    .service(campaigns::control::send)
                    .service(campaigns::control::pause)
                    .service(campaigns::control::resume)
                    .service(campaigns::control::cancel)
                    .service(campaigns::schedule::schedule)
                    .service(campaigns::schedule::unschedule)
                    .service(campaigns::duplicate::duplicate)
                    .service(campaigns::sending_again::retry_failed)
                    .service(campaigns::sending_again::decide_unconfirmed)
                    .service(campaigns::preview::read)
                    .service(campaigns::preflight::read)
                    .service(campaigns::recipients::list)
                    .service(campaigns::media::add)
                    .service(campaigns::media::read)
                    .service(campaigns::media::remove)
                    .service(campaigns::media::remove_all)
                    .service(campaigns::browse::list)
                    .service(campaigns::write::create)
                    .service(campaigns::browse::read)
                    .service(campaigns::write::update)
                    .service(campaigns::write::remove),
            )
            .service($scope("/api/events").service(events::follow))
            .service(
                $scope("/api/integrations")
                    .service(integrations::templates::list)
                    .service(integrations::templates::sync)
                    .service(integrations::overview::check)
                    .service(integrations::overview::read),
            )
            .service(
                $scope("/api/stats")
                    .service(statistics::dashboard)
                    .service(statistics::overview),
            )
            .service(
                $scope("/api/webhooks")
                    .service(webhooks::verify)
                    .service(webhooks::receive),
            )
    };
}

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    let app = App::new().into_utoipa_app().openapi(Document::openapi());
    let (_, mut document) = routes!(app, utoipa_actix_web::scope::scope).split_for_parts();
    name_idempotency_keys(&mut document);
    document
}

/// Listens where the settings say.
pub fn listen(settings: &Settings) -> anyhow::Result<TcpListener> {
    let address = (settings.http.host.as_str(), settings.http.port);
    TcpListener::bind(address).with_context(|| {
        format!(
            "HOST, PORT: can't listen on {}:{}; is it in use?",
            settings.http.host, settings.http.port
        )
    })
}

fn cors(origins: &[String]) -> Cors {
    origins
        .iter()
        .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin))
        .allowed_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allowed_headers([
            header::CONTENT_TYPE,
            header::ACCEPT,
            header::ACCEPT_LANGUAGE,
        ])
        .allowed_header("idempotency-key")
        // Of programs that follow events without a browser's EventSource.
        .allowed_header("last-event-id")
        .expose_headers([
            "content-disposition",
            "x-request-id",
            "retry-after",
            "idempotency-replayed",
        ])
        .supports_credentials()
        .max_age(3_600)
}

/// What no route takes. A path that is known comes here because of its method.
async fn unmatched(
    request: HttpRequest,
    methods: Data<AllowedMethods>,
) -> Result<&'static str, ApiError> {
    Err(match request.match_pattern() {
        Some(pattern) => ApiError::method_not_allowed(methods.on(&pattern)),
        None => ApiError::new(Code::UnknownPath),
    })
}

/// Has the system end a connection whose client takes nothing for so long of what is sent: one that went
/// away without a word, or does not read. The server itself waits for it, with all that it holds.
fn give_up_after(connection: &dyn Any, timeout: Duration) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        let set = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(timeout));
        if let Err(error) = set {
            tracing::debug!(%error, "a connection keeps the system's own patience");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, timeout);
}

/// Keeps the counts of tries from growing with every address that ever tried; never returns.
async fn forget_old_tries(limit: &SignInLimit) {
    loop {
        tokio::time::sleep(FORGET_TRIES_EVERY).await;
        limit.forget_old();
    }
}

impl Application {
    /// A server on `listener` for this composition.
    pub fn build(
        settings: &Settings,
        composition: &Composition,
        listener: TcpListener,
    ) -> anyhow::Result<Self> {
        let address = listener
            .local_addr()
            .context("the listener has no address")?;
        let sessions = DatabaseSessions::new(
            Arc::clone(&composition.storage),
            Arc::clone(&composition.clock),
            Arc::clone(&composition.entropy),
            &settings.session,
        );
        let origins = Data::new(AllowedOrigins {
            listed: settings.http.cors_origins.clone(),
            trust_proxy: settings.http.trust_proxy,
        });
        let request_ids = Data::new(RequestIds {
            clock: Arc::clone(&composition.clock),
            entropy: Arc::clone(&composition.entropy),
        });
        let idempotency = Data::new(Idempotency {
            storage: Arc::clone(&composition.storage),
            clock: Arc::clone(&composition.clock),
        });
        let limits = Data::new(BodyLimits {
            max_bytes: settings.http.max_body_bytes,
            timeout: settings.http.body_timeout,
        });
        let pace = Data::new(UploadPace {
            grace: settings.http.upload_grace,
            bytes_per_second: settings.http.upload_bytes_per_second,
        });
        let sign_in = Data::new(SignInLimit::new(&settings.sign_in));
        let sign_in_limit = sign_in.clone();
        let readiness = Data::new(Readiness {
            storage: Arc::clone(&composition.storage),
            shutdown: composition.shutdown.clone(),
        });
        let public_url = Data::new(PublicUrl(settings.http.public_url.clone()));
        let accounts = Data::new(composition.accounts.clone());
        let contacts = Data::new(composition.contacts.clone());
        let segments = Data::new(composition.segments.clone());
        let bulk_changes = Data::new(composition.bulk_changes.clone());
        let imports = Data::new(composition.imports.clone());
        let campaigns = Data::new(composition.campaigns.clone());
        let integrations = Data::new(composition.integrations.clone());
        let reports = Data::new(composition.reports.clone());
        let events = Data::new(composition.events.clone());
        let statistics = Data::new(composition.statistics.clone());
        let webhooks = Data::new(composition.webhooks.clone());
        let session_settings = settings.session.clone();
        let cors_origins = settings.http.cors_origins.clone();
        let unread_timeout = settings.http.unread_timeout;
        // As text: the document's tree would be kept for every thread, and is megabytes.
        let document = document();
        let methods = Data::new(AllowedMethods::of(&document));
        let openapi = Bytes::from(document.to_json().context("the API can't be documented")?);
        let mut server = HttpServer::new(move || {
            let openapi = openapi.clone();
            let app = routes!(
                App::new()
                    .app_data(origins.clone())
                    .app_data(Data::new(sessions.clone()))
                    .app_data(request_ids.clone())
                    .app_data(idempotency.clone())
                    .app_data(limits.clone())
                    .app_data(pace.clone())
                    .app_data(methods.clone())
                    .app_data(sign_in.clone())
                    .app_data(readiness.clone())
                    .app_data(public_url.clone())
                    .app_data(accounts.clone())
                    .app_data(contacts.clone())
                    .app_data(segments.clone())
                    .app_data(bulk_changes.clone())
                    .app_data(imports.clone())
                    .app_data(campaigns.clone())
                    .app_data(integrations.clone())
                    .app_data(reports.clone())
                    .app_data(events.clone())
                    .app_data(statistics.clone())
                    .app_data(webhooks.clone())
                    .app_data(web::PathConfig::default().error_handler(|_, _| {
                        // An id that is no id is the id of nothing.
                        ApiError::not_found().into()
                    })),
                web::scope
            );
            // The last wrapped is the first to see a request.
            let document = move || {
                let openapi = openapi.clone();
                async move {
                    HttpResponse::Ok()
                        .content_type("application/json")
                        .body(openapi)
                }
            };
            app.service(
                web::resource(DOCUMENT)
                    .route(web::get().to(document))
                    .default_service(web::to(unmatched)),
            )
            .service(SwaggerUi::new("/api/docs/{_:.*}").config(SwaggerConfig::from(DOCUMENT)))
            // Not to `/api/docs/`: slashes at the end are taken off before the routes see them.
            .service(web::redirect("/api/docs", "/api/docs/index.html"))
            .default_service(web::to(unmatched))
            .wrap(from_fn(answer_head))
            .wrap(from_fn(honour_idempotency_key))
            .wrap(from_fn(refuse_foreign_writes))
            .wrap(from_fn(render_errors))
            .wrap(session::middleware(sessions.clone(), &session_settings))
            .wrap(from_fn(session::tell_failures))
            .wrap(cors(&cors_origins))
            .wrap(NormalizePath::trim())
            .wrap(from_fn(harden))
            .wrap(from_fn(render_errors))
            .wrap(from_fn(assign_request_id))
            .wrap(from_fn(close_on_unread_body))
        })
        .on_connect(move |connection, _| give_up_after(connection, unread_timeout))
        .client_request_timeout(Duration::from_secs(10))
        .keep_alive(Duration::from_secs(75))
        .shutdown_timeout(STOP_WITHIN_SECONDS)
        .disable_signals()
        .listen(listener)
        .context("the HTTP server can't be started")?;
        if settings.http.workers > 0 {
            server = server.workers(settings.http.workers);
        }
        Ok(Self {
            server: server.run(),
            address,
            sign_in_limit,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` comes, then lets requests in flight end.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let handle = self.server.handle();
        let running = tokio::spawn(self.server);
        let limit = self.sign_in_limit;
        tokio::select! {
            () = stop => {}
            () = forget_old_tries(&limit) => {}
        }
        handle.stop(true).await;
        running.await.context("the HTTP server broke down")??;
        Ok(())
    }
}
