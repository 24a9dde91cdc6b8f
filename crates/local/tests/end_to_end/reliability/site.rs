//! The running system that faults are tried on: every action under a prefix of its own, and a
//! model of fixed answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::sync::{Mutex, RwLock};
use warden_ledger::Ledger;
use warden_local::alert::Alert;
use warden_local::audit::Audit;
use warden_local::engine::{Engine, EngineOptions};
use warden_local::model::{Fault, Faults, ModelOptions};
use warden_local::output::Console;
use warden_local::pictures::Answers;
use warden_local::system::{System, SystemOptions};
use warden_local::workspace::Workspace;

use super::orders::Desk;
use crate::world::{Running, Stage};

/// What is done with personal data under prefixes; elsewhere it is deleted.
const OVERRIDES: &str = "quarantine/=quarantine,tag/=tag,none/=none";
/// Buckets of before, which backfills audit.
const ALSO_AUDIT: &str = "arn:aws:s3:::of-years-ago,arn:aws:s3:::of-years-ago-untouched,arn:aws:s3:::of-years-ago-many,\
    arn:aws:s3:::held-back,arn:aws:s3:::missed,arn:aws:s3:::missed-too,arn:aws:s3:::named,arn:aws:s3:::without-versions";
/// What the models may cost in a day, which nothing here comes near.
pub const DAILY_BUDGET: &str = "1000";
/// The waits of the state machine, by what they are on AWS: half an hour is nine seconds.
const WAIT_SCALE: f64 = 0.005;

/// The running system.
pub struct Site {
    system: System,
    // Ends after the system, which asks it.
    _answers: Answers,
    faults: Faults,
    model_is_well: RwLock<()>,
    pub desk: Desk,
    pub ledger: Ledger,
    /// The alerts that were received so far, by the ids of their messages, each as often as it came.
    pub alerts: Mutex<BTreeMap<String, Vec<Alert>>>,
}

impl Running for Site {
    async fn up() -> Self {
        let answers = Answers::start(Duration::ZERO, 0.0).await.unwrap();
        let faults = Faults::default();
        let model =
            ModelOptions { upstream: Some(answers.url.clone()), faults: faults.clone(), ..ModelOptions::default() };
        let options = SystemOptions {
            model,
            engine: EngineOptions { wait_scale: WAIT_SCALE, ..EngineOptions::default() },
            parameters: [
                ("ActionOverrides", OVERRIDES),
                ("AlsoAudit", ALSO_AUDIT),
                ("ReuseVerdicts", "false"),
                ("DailyBudget", DAILY_BUDGET),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
            ..SystemOptions::default()
        };
        let workspace = Workspace::find().unwrap();
        let system =
            System::up(&workspace, &options, &Console::standard()).await.unwrap_or_else(|error| panic!("{error}"));
        let audit = system.audit();
        let quarantine = audit.output("QuarantineBucketName");
        let ledger = Ledger::new(&audit.clients().config, audit.output("LedgerName"), Some(quarantine));
        Self {
            desk: Desk::of(system.engine().endpoint()),
            ledger,
            system,
            _answers: answers,
            faults,
            model_is_well: RwLock::default(),
            alerts: Mutex::default(),
        }
    }

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn model_is_well(&self) -> &RwLock<()> {
        &self.model_is_well
    }

    fn engine(&self) -> &Engine {
        self.system.engine()
    }
}

impl Site {
    pub fn audit(&self) -> &Audit {
        self.system.audit()
    }

    /// How often the model was asked so far.
    pub fn model_calls(&self) -> usize {
        self.system.model_calls().count()
    }

    /// Orders what goes wrong with the model's next calls.
    pub fn model_suffers(&self, calls: usize, fault: Fault) {
        self.faults.next(calls, fault);
    }

    /// All is well from here on, with engine and model.
    pub async fn recovers(&self) {
        self.faults.clear();
        self.desk.clear().await;
    }

    /// Takes the alerts that were delivered by now.
    pub async fn collect_alerts(&self) {
        let mut alerts = self.alerts.lock().await;
        loop {
            let received = self.audit().receive(Duration::ZERO).await.unwrap();
            if received.is_empty() {
                return;
            }
            for alert in received {
                alerts.entry(alert.message_id.clone()).or_default().push(alert);
            }
        }
    }
}

/// A trial that has the site for itself, and finds all well at its beginning.
pub fn trial<F>(stage: &Arc<Stage<Site>>, name: &str, test: impl FnOnce(Arc<Site>) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    stage.faulty_trial(format!("reliability::{name}"), Vec::new(), async move |site| {
        // A trial before this one may have ended early.
        site.recovers().await;
        test(site).await;
    })
}
