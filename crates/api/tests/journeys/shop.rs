//! A shop: a whole server in this process with the sandbox as its provider, on a database of its
//! own, and a user whose account works at once.

use std::sync::Arc;
use std::time::Duration;

use nexus_api::running::Running;
use nexus_api::settings::from_pairs;
use nexus_sandbox::Sandbox;
use nexus_testing::{TempFolder, TestDatabase};
use serde_json::{Value, json};

use crate::support::{Browser, PASSWORD};

/// Runs each named journey with each database, for what it makes on it.
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(nexus_testing::TestDatabase::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(nexus_testing::TestDatabase::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both_databases;

/// Runs each named journey in a shop on each database.
macro_rules! in_shops {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let database = nexus_testing::TestDatabase::sqlite().await;
                super::$name(crate::shop::Shop::on(database, &[]).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let database = nexus_testing::TestDatabase::postgres().await;
                super::$name(crate::shop::Shop::on(database, &[]).await).await;
            })+
        }
    };
}
pub(crate) use in_shops;

pub(crate) struct Shop {
    pub(crate) provider: Arc<Sandbox>,
    pub(crate) browser: Browser,
    stops: Vec<tokio::sync::oneshot::Sender<()>>,
    // Dropped last: the server works in them.
    folder: TempFolder,
    database: TestDatabase,
}

impl Shop {
    pub(crate) async fn on(database: TestDatabase, more: &[(&str, &str)]) -> Self {
        nexus_infrastructure::install_tls_provider();
        let folder = TempFolder::new();
        let running = start(&database, &folder, &[("SANDBOX", "on")], more).await;
        let provider = running.sandbox.clone().expect("the sandbox is on");
        let mut shop = Self {
            provider,
            browser: Browser::at(&running.url),
            stops: Vec::new(),
            folder,
            database,
        };
        shop.keep(running);
        let answer = shop
            .browser
            .post(
                "/api/auth/register",
                json!({"name": "Ana", "email": "ana@example.mx", "password": PASSWORD}),
            )
            .await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        shop
    }

    /// Another server on the same database and with the same provider. The browser at it, signed in
    /// with the same session.
    pub(crate) async fn another_server(&mut self) -> Browser {
        let base_url = self.provider.base_url();
        let variables = [("SANDBOX", "off"), ("WHATSAPP_BASE_URL", base_url.as_str())];
        let running = start(&self.database, &self.folder, &variables, &[]).await;
        let mut browser = Browser::at(&running.url);
        browser.cookie.clone_from(&self.browser.cookie);
        self.keep(running);
        browser
    }

    fn keep(&mut self, running: Running) {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        tokio::spawn(running.run_until(async {
            let _ = stopped.await;
        }));
        self.stops.push(stop);
    }

    /// Adds a contact with this phone number. Its id.
    pub(crate) async fn contact(&mut self, name: &str, phone: &str) -> String {
        self.contact_with(json!({"name": name, "phone": phone}))
            .await
    }

    pub(crate) async fn contact_with(&mut self, fields: Value) -> String {
        let answer = self.browser.post("/api/contacts", fields).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.body["contact"]["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// Adds so many contacts whose numbers nothing special happens to.
    pub(crate) async fn contacts(&mut self, count: u32) {
        for number in 0..count {
            self.contact(
                &format!("Persona {number}"),
                &format!("55{:08}", 12_340_000 + number),
            )
            .await;
        }
    }

    /// Writes a campaign to everybody and sends it. Its path.
    pub(crate) async fn send(&mut self, content: Value) -> String {
        let mut fields = json!({"name": "Rebajas", "channel": "whatsapp", "audience": {}});
        fields
            .as_object_mut()
            .expect("an object")
            .extend(content.as_object().expect("an object").clone());
        let answer = self.browser.post("/api/campaigns", fields).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        let id = answer.body["campaign"]["id"].as_str().expect("an id");
        let path = format!("/api/campaigns/{id}");
        let answer = self.browser.post(&format!("{path}/send"), json!({})).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        path
    }

    /// What the path answers once `done` holds of it.
    pub(crate) async fn until(&mut self, path: &str, done: impl Fn(&Value) -> bool) -> Value {
        let mut answer = Value::Null;
        for _ in 0..1_200 {
            answer = self.browser.get(path).await.body;
            if done(&answer) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("this did not happen within a minute: {answer}");
    }

    /// The recipient of a campaign with this address.
    pub(crate) async fn recipient(&mut self, campaign: &str, address: &str) -> Value {
        let answer = self
            .browser
            .get(&format!("{campaign}/recipients?per_page=100"))
            .await;
        answer.body["recipients"]
            .as_array()
            .expect("a list")
            .iter()
            .find(|recipient| recipient["address"] == address)
            .unwrap_or_else(|| panic!("{address} is not there: {:?}", answer.body))
            .clone()
    }

    /// How many messages the provider accepted for this number, in digits.
    pub(crate) fn accepted(&self, digits: &str) -> usize {
        self.provider
            .accepted()
            .iter()
            .filter(|message| message.to == digits)
            .count()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        for stop in self.stops.drain(..) {
            let _ = stop.send(());
        }
    }
}

async fn start(
    database: &TestDatabase,
    folder: &TempFolder,
    variables: &[(&str, &str)],
    more: &[(&str, &str)],
) -> Running {
    let common = [
        ("PORT", "0"),
        ("DATABASE_URL", database.url()),
        ("DATA_FOLDER", folder.path().to_str().expect("a UTF-8 path")),
        ("SANDBOX_STATUS_DELAY_MS", "30"),
        ("SANDBOX_LATENCY_MS", "5"),
        ("SANDBOX_REPLIES", "false"),
        ("WHATSAPP_TIMEOUT_SECONDS", "2"),
        ("DISPATCH_GRACE_SECONDS", "2"),
    ];
    let pairs = common.iter().chain(variables).chain(more);
    let settings = from_pairs(pairs.map(|&(name, value)| (name.to_owned(), value.to_owned())))
        .expect("these settings are right");
    Running::start(&settings, true).await.expect("it starts")
}
