//! A provider that outlives everything, a database, and servers that do not.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use nexus_application::fault::Bug;
use nexus_sandbox::{AccountRegistration, Behaviour, Event, Redelivery, Sandbox, SandboxConfig};
use nexus_testing::{Ledger, PostgresServer, TempFolder, TestDatabase};
use reqwest::Method;
use serde_json::{Value, json};

use crate::audit::{Allowed, Findings, audit, is_of};
use crate::plan::Plan;
use crate::process::ServerProcess;
use crate::support::{Answer, Browser, PASSWORD};

pub(crate) const PHONE_NUMBER_ID: &str = "100200300";
pub(crate) const APP_SECRET: &str = "app secret of the fault harness";
const TOKEN: &str = "token of the fault harness";
/// The same for all instances, so that each opens what the others sealed.
const SECRET_KEY: &str = "kL9vXq2mW7sTz4Rb8NcYpE3hJdUa6GfV";
/// How long a dead instance keeps its sender account: the shortest that there is.
pub(crate) const LEASE: Duration = Duration::from_secs(2);
/// All must still hold so long after it did for the first time.
const QUIET: Duration = Duration::from_millis(700);

/// Where the servers keep what they know.
pub(crate) struct Database {
    url: String,
    /// Dropped last: it takes the data along.
    place: Place,
}

enum Place {
    Shared(#[expect(dead_code, reason = "held until the end")] TestDatabase),
    Own(Option<PostgresServer>),
}

impl Database {
    /// One of many on a server that all tests share.
    pub(crate) fn of(database: TestDatabase) -> Self {
        Self {
            url: database.url().to_owned(),
            place: Place::Shared(database),
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// Another of the same kind.
    pub(crate) async fn another(&self) -> Self {
        Self::of(if self.is_sqlite() {
            TestDatabase::sqlite().await
        } else {
            TestDatabase::postgres().await
        })
    }

    /// A PostgreSQL server of its own.
    pub(crate) async fn own() -> Self {
        let started = tokio::task::spawn_blocking(PostgresServer::start).await;
        let server = started.expect("PostgreSQL starts");
        Self {
            url: server.url(),
            place: Place::Own(Some(server)),
        }
    }

    /// Kills the server as a crash would, and starts it again after `away`.
    pub(crate) async fn restart(&mut self, away: Duration) {
        let Place::Own(server) = &mut self.place else {
            panic!("this server has other databases too");
        };
        let mut taken = server.take().expect("it runs");
        let restarted = tokio::task::spawn_blocking(move || {
            taken.stop();
            std::thread::sleep(away);
            taken.resume();
            taken
        });
        *server = Some(restarted.await.expect("PostgreSQL comes back"));
    }
}

/// How a world is made.
pub(crate) struct Setting {
    pub(crate) behaviour: Behaviour,
    pub(crate) recipients: usize,
    /// Seconds.
    pub(crate) grace: u32,
    pub(crate) per_second: u32,
    pub(crate) window: u32,
    pub(crate) bug: Option<Bug>,
}

impl Setting {
    pub(crate) fn of(plan: &Plan) -> Self {
        // Enough time for every fault within the campaign, however short it is.
        let per_second = u32::try_from(plan.recipients / 2).unwrap_or(u32::MAX);
        Self {
            behaviour: Behaviour {
                // A kill meets requests before and after they were accepted.
                latency_ms: 40,
                status_delay_ms: 150,
                seed: plan.seed,
                ..Behaviour::plain()
            },
            recipients: plan.recipients,
            grace: 2,
            per_second: per_second.clamp(60, 400),
            window: 32,
            bug: plan.bug,
        }
    }
}

/// A campaign to everyone. Each of its messages ends with the label, which is its name too.
#[derive(Debug, Clone)]
pub(crate) struct Campaign {
    pub(crate) label: String,
    pub(crate) path: String,
}

/// A provider, a user whose profile names an account of it, and servers.
pub(crate) struct World {
    pub(crate) provider: Sandbox,
    pub(crate) servers: Vec<ServerProcess>,
    pub(crate) browser: Browser,
    pub(crate) ledger: Ledger,
    /// Everyone's phone numbers, as E.164.
    pub(crate) numbers: Vec<String>,
    /// Where the user's webhooks go, on each server.
    pub(crate) webhook_path: String,
    variables: Vec<(&'static str, String)>,
    pub(crate) database: Database,
    // What the provider's log is in.
    _folder: TempFolder,
}

impl World {
    /// One with a server, a user, and contacts.
    pub(crate) async fn start(database: Database, setting: Setting) -> Self {
        nexus_infrastructure::install_tls_provider();
        let folder = TempFolder::new();
        let provider = Sandbox::start(SandboxConfig {
            journal: Some(folder.join("provider.jsonl")),
            behaviour: setting.behaviour,
            redelivery: Redelivery {
                first_wait: Duration::from_millis(100),
                longest_wait: Duration::from_millis(500),
                // Webhooks that wait for a stopped server hold up those for the other.
                answer_timeout: Duration::from_secs(1),
                ..Redelivery::default()
            },
            ..SandboxConfig::default()
        })
        .await
        .expect("a provider");
        let mut variables = vec![
            ("DATABASE_URL", database.url.clone()),
            ("SECRET_KEY", SECRET_KEY.to_owned()),
            ("SANDBOX", "off".to_owned()),
            ("WHATSAPP_BASE_URL", provider.base_url()),
            ("WHATSAPP_TIMEOUT_SECONDS", "1".to_owned()),
            ("DISPATCH_PER_SECOND", setting.per_second.to_string()),
            ("DISPATCH_WINDOW", setting.window.to_string()),
            ("DISPATCH_LEASE_SECONDS", LEASE.as_secs().to_string()),
            ("DISPATCH_GRACE_SECONDS", setting.grace.to_string()),
        ];
        if let Some(bug) = setting.bug {
            variables.push(("NEXUS_PLANTED_BUG", bug.as_str().to_owned()));
        }
        let server = ServerProcess::start(variables.clone()).await;
        let mut world = Self {
            provider,
            browser: Browser::at(&server.url),
            ledger: Ledger::at(&database.url),
            servers: vec![server],
            numbers: (0..setting.recipients)
                .map(|index| format!("+5255{:08}", 12_340_000 + index))
                .collect(),
            webhook_path: String::new(),
            variables,
            database,
            _folder: folder,
        };
        world.sign_up().await;
        world.bring_contacts().await;
        world
    }

    async fn sign_up(&mut self) {
        let user = json!({"name": "Ana", "email": "ana@example.mx", "password": PASSWORD});
        let answer = self.browser.post("/api/auth/register", user).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        let path = answer.body["user"]["whatsapp_webhook_path"].as_str();
        path.expect("a path").clone_into(&mut self.webhook_path);
        self.report_to(0);
        let profile = json!({
            "whatsapp_api_key": TOKEN,
            "whatsapp_phone_number_id": PHONE_NUMBER_ID,
            "whatsapp_business_account_id": "400500600",
            "whatsapp_app_secret": APP_SECRET,
            "whatsapp_verify_token": "verify",
        });
        let answer = self.browser.put("/api/profile", profile).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }

    /// The provider's webhooks go to this server from now on.
    pub(crate) fn report_to(&self, server: usize) {
        let url = format!("{}{}", self.servers[server].url, self.webhook_path);
        self.provider
            .register_account(&AccountRegistration {
                access_token: TOKEN.to_owned(),
                phone_number_id: PHONE_NUMBER_ID.to_owned(),
                business_account_id: "400500600".to_owned(),
                app_secret: APP_SECRET.to_owned(),
                verify_token: "verify".to_owned(),
                display_phone_number: "525500000000".to_owned(),
                verified_name: "Flores".to_owned(),
                webhook_url: Some(url),
            })
            .expect("an account");
    }

    async fn bring_contacts(&mut self) {
        let mut file = "nombre,telefono\n".to_owned();
        for (index, number) in self.numbers.iter().enumerate() {
            let _ = writeln!(file, "Persona {index},{number}");
        }
        let answer = self.browser.upload("todos.csv", file.as_bytes()).await;
        let import = answer.body["import"]["id"].as_str().expect("an id");
        let path = format!("/api/contacts/imports/{import}");
        let began = Instant::now();
        loop {
            let import = self.browser.get(&path).await.body["import"].clone();
            if import["status"] == "completed" {
                assert_eq!(
                    import["progress"]["created"],
                    self.numbers.len(),
                    "{import}"
                );
                return;
            }
            assert!(began.elapsed() < Duration::from_mins(2), "{import}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// One more server on the same database, ready.
    pub(crate) async fn add_server(&mut self) {
        let server = ServerProcess::start(self.variables.clone()).await;
        self.servers.push(server);
    }

    /// The same user at another server.
    pub(crate) fn browser_at(&self, server: usize) -> Browser {
        let mut browser = Browser::at(&self.servers[server].url);
        browser.cookie.clone_from(&self.browser.cookie);
        browser
    }

    /// What a campaign with this label is made of.
    pub(crate) fn draft(label: &str) -> Value {
        json!({
            "name": label,
            "channel": "whatsapp",
            "message": format!("Hola {{nombre}}, va para {label}"),
            "audience": {},
        })
    }

    /// A campaign that has not begun.
    pub(crate) async fn campaign(&mut self, label: &str) -> Campaign {
        let answer = self
            .browser
            .post("/api/campaigns", Self::draft(label))
            .await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        Campaign::of(label, &answer)
    }

    /// A campaign that is being sent.
    pub(crate) async fn send(&mut self, label: &str) -> Campaign {
        let campaign = self.campaign(label).await;
        let path = format!("{}/send", campaign.path);
        let answer = self.browser.post(&path, json!({})).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        campaign
    }

    /// The answer to a POST, however often the first server dies over it: it is started again, and
    /// the same request made again with the same key.
    pub(crate) async fn insist(&mut self, path: &str, key: Option<&str>, body: &Value) -> Answer {
        for _ in 0..5 {
            let mut request = self.browser.request(Method::POST, path).json(body);
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            if let Ok(answer) = self.browser.try_send(request).await {
                return answer;
            }
            let server = &mut self.servers[0];
            if !server.runs() || server.ended_within(LEASE).await.is_some() {
                server.restart().await;
            }
        }
        panic!("no answer to {path}");
    }

    /// How many messages of a campaign the provider took.
    pub(crate) fn accepted(&self, campaign: &Campaign) -> usize {
        let journal = self.provider.journal();
        let of_campaign = |event: &Event| match event {
            Event::Accepted(message) => is_of(message.text.as_deref(), &campaign.label),
            _ => false,
        };
        journal
            .iter()
            .filter(|entry| of_campaign(&entry.event))
            .count()
    }

    /// Waits until the provider took so many. Whether it did before the campaign was over, which it
    /// can be without them all: some may be unconfirmed.
    pub(crate) async fn until_accepted(
        &self,
        campaign: &Campaign,
        count: usize,
        patience: Duration,
    ) -> bool {
        let began = Instant::now();
        let mut looks = 0;
        while self.accepted(campaign) < count {
            looks += 1;
            let over = looks % 20 == 0 && self.is_over(campaign).await;
            if over || began.elapsed() > patience {
                return false;
            }
            // A long log takes its time to count, and the machine has other things to do.
            let pause = Duration::from_millis(10 + journal_length(&self.provider) / 1_000);
            tokio::time::sleep(pause).await;
        }
        true
    }

    async fn is_over(&self, campaign: &Campaign) -> bool {
        let found = self.ledger.campaigns(&campaign.label).await;
        found.iter().all(|campaign| campaign.status == "completed")
    }

    /// What the provider's log and the database say of a campaign now.
    pub(crate) async fn audit(&self, campaign: &Campaign, allowed: Allowed) -> Findings {
        let label = &campaign.label;
        // The database first: what is accepted meanwhile is no contradiction.
        let rows = self.ledger.recipients(label).await;
        let campaigns = self.ledger.campaigns(label).await;
        let journal = self.provider.journal();
        audit(label, &self.numbers, &journal, &rows, &campaigns, allowed)
    }

    /// What they say once all have come to rest, or when `patience` is over.
    pub(crate) async fn settled(
        &self,
        campaign: &Campaign,
        allowed: Allowed,
        patience: Duration,
    ) -> Findings {
        let began = Instant::now();
        loop {
            let findings = self.audit(campaign, allowed).await;
            // What was sent twice stays so.
            if !findings.twice.is_empty() {
                return findings;
            }
            if findings.hold() {
                tokio::time::sleep(QUIET).await;
                return self.audit(campaign, allowed).await;
            }
            if began.elapsed() > patience {
                return findings;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

fn journal_length(provider: &Sandbox) -> u64 {
    u64::try_from(provider.journal().len()).unwrap_or(u64::MAX)
}

impl Campaign {
    pub(crate) fn of(label: &str, answer: &Answer) -> Self {
        let id = answer.body["campaign"]["id"].as_str().expect("an id");
        Self {
            label: label.to_owned(),
            path: format!("/api/campaigns/{id}"),
        }
    }
}
