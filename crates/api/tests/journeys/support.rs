//! An application for one test, and a browser to use it with.

use std::net::SocketAddr;
use std::sync::Arc;

use nexus_api::composition::{Composition, Providers};
use nexus_api::settings::from_pairs;
use nexus_api::startup::{Application, listen};
use nexus_testing::{TempFolder, TestDatabase};
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Runs each named journey on both databases.
macro_rules! journeys {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::support::App::on_sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::support::App::on_postgres().await).await;
            })+
        }
    };
}
pub(crate) use journeys;

pub(crate) const PASSWORD: &str = "tres girasoles en abril";
pub(crate) const ORIGIN: &str = "https://app.example.test";

/// A running application.
pub(crate) struct App {
    pub(crate) address: SocketAddr,
    composition: Composition,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    // Dropped last: the application works in them.
    folder: TempFolder,
    database: Arc<TestDatabase>,
}

impl App {
    pub(crate) async fn on_sqlite() -> Self {
        Self::on(TestDatabase::sqlite().await, &[]).await
    }

    pub(crate) async fn on_postgres() -> Self {
        Self::on(TestDatabase::postgres().await, &[]).await
    }

    /// One with some settings of its own, by their variables.
    pub(crate) async fn on_sqlite_with(variables: &[(&str, &str)]) -> Self {
        Self::on(TestDatabase::sqlite().await, variables).await
    }

    /// One more on the same database.
    pub(crate) async fn another_instance(&self) -> Self {
        Self::beside(Arc::clone(&self.database), &[]).await
    }

    async fn on(database: TestDatabase, variables: &[(&str, &str)]) -> Self {
        Self::beside(Arc::new(database), variables).await
    }

    async fn beside(database: Arc<TestDatabase>, variables: &[(&str, &str)]) -> Self {
        nexus_infrastructure::install_tls_provider();
        let folder = TempFolder::new();
        let pairs = [
            ("PORT", "0"),
            ("DATABASE_URL", database.url()),
            ("DATA_FOLDER", folder.path().to_str().expect("a UTF-8 path")),
            ("CORS_ORIGINS", ORIGIN),
            ("SANDBOX", "off"),
            // Instances on one database open what the others sealed.
            ("SECRET_KEY", "kL9vXq2mW7sTz4Rb8NcYpE3hJdUa6GfV"),
            // Nobody listens there: a journey that calls the provider is told so, and never Meta.
            ("WHATSAPP_BASE_URL", "http://127.0.0.1:9"),
            ("IMPORT_MAX_BYTES", "1048576"),
            ("MEDIA_QUOTA_BYTES", "8388608"),
            ("SIGN_IN_PER_MINUTE", "1000"),
            ("SIGN_IN_PER_ACCOUNT_PER_MINUTE", "20"),
        ];
        let pairs = pairs.iter().chain(variables);
        let settings = from_pairs(pairs.map(|&(name, value)| (name.to_owned(), value.to_owned())))
            .expect("these settings are right");
        let composition = Composition::build(&settings, Providers::default())
            .await
            .expect("everything is there");
        composition.migrate().await.expect("the schema is current");
        let listener = listen(&settings).expect("the system has a port");
        let application =
            Application::build(&settings, &composition, listener).expect("it can be built");
        let address = application.address();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let worker = composition.workers.imports.clone();
        let shutdown = composition.shutdown.clone();
        tokio::spawn(async move { worker.run(shutdown).await });
        let worker = composition.workers.bulk_changes.clone();
        let shutdown = composition.shutdown.clone();
        tokio::spawn(async move { worker.run(shutdown).await });
        let shutdown = composition.shutdown.clone();
        tokio::spawn(async move {
            let result = application
                .run_until(async {
                    let _ = stopped.await;
                    shutdown.request();
                })
                .await;
            result.expect("the server ends in order");
        });
        Self {
            address,
            composition,
            stop: Some(stop),
            folder,
            database,
        }
    }

    /// From now on campaigns start at their time.
    pub(crate) fn start_scheduler(&self) {
        let worker = self.composition.workers.scheduler.clone();
        let shutdown = self.composition.shutdown.clone();
        tokio::spawn(async move { worker.run(shutdown).await });
    }

    /// The names of the files that are kept, finished or not.
    pub(crate) fn files(&self) -> Vec<String> {
        let names = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .collect()
        };
        let users = names(&self.folder.join("files"));
        let files = users.iter().flat_map(|user| names(user));
        files.map(|path| path.display().to_string()).collect()
    }

    /// From now on the database can't be reached.
    pub(crate) async fn lose_database(&self) {
        self.composition.close().await;
    }

    /// A browser that nobody is signed in with.
    pub(crate) fn browser(&self) -> Browser {
        Browser {
            base: format!("http://{}", self.address),
            client: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .expect("a client"),
            cookie: None,
            origin: Some(ORIGIN.to_owned()),
            language: "es".to_owned(),
        }
    }

    /// A browser with an account of its own.
    pub(crate) async fn signed_in(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser
            .post(
                "/api/auth/register",
                json!({"name": "Lucía Hernández", "email": email, "password": PASSWORD}),
            )
            .await;
        assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
        browser
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The stable word of an error.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// That it is an error of this status and code, in the one shape of errors.
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{:?}", self.body);
        assert_eq!(self.code(), code, "{:?}", self.body);
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{:?}",
            self.body
        );
        for member in ["type", "title", "detail", "error", "request_id"] {
            assert!(
                self.body[member]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{member} is missing: {:?}",
                self.body
            );
        }
        assert_eq!(self.body["status"], status);
        assert_eq!(
            self.headers["x-request-id"].to_str().ok(),
            self.body["request_id"].as_str()
        );
    }
}

/// What a browser is to the API: it keeps the cookie and tells its origin.
#[derive(Clone)]
pub(crate) struct Browser {
    base: String,
    client: reqwest::Client,
    pub(crate) cookie: Option<String>,
    pub(crate) origin: Option<String>,
    pub(crate) language: String,
}

impl Browser {
    /// A program, not a page: it has a cookie and tells no origin.
    pub(crate) fn at(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            client: reqwest::Client::new(),
            cookie: None,
            origin: None,
            language: "es".to_owned(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    pub(crate) async fn put(&mut self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn upload(&mut self, name: &str, content: &[u8]) -> Answer {
        let part = reqwest::multipart::Part::bytes(content.to_vec()).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", part);
        let request = self
            .request(Method::POST, "/api/contacts/import/file")
            .multipart(form);
        self.send(request).await
    }

    /// Uploads a file with the fields of a form.
    pub(crate) async fn upload_with(
        &mut self,
        path: &str,
        content: &[u8],
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut form = reqwest::multipart::Form::new();
        for (name, text) in fields {
            form = form.text((*name).to_owned(), (*text).to_owned());
        }
        let part = reqwest::multipart::Part::bytes(content.to_vec()).file_name("clientes.csv");
        let request = self
            .request(Method::POST, path)
            .multipart(form.part("file", part));
        self.send(request).await
    }

    /// A file of the API, as text.
    pub(crate) async fn download(&mut self, path: &str) -> (reqwest::header::HeaderMap, String) {
        let response = self.request(Method::GET, path).send().await;
        let response = response.expect("the server answers");
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers().clone();
        let bytes = response.bytes().await.expect("the answer is whole");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        (headers, text)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("accept-language", &self.language);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        if let Some(origin) = &self.origin {
            request = request.header("origin", origin);
        }
        request
    }

    pub(crate) async fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.expect("the server answers")
    }

    /// What comes back, unless the server goes away before.
    pub(crate) async fn try_send(
        &mut self,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("cookies are text");
            let pair = cookie.split(';').next().unwrap_or_default();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        let bytes = response.bytes().await?;
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&bytes)));
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}
