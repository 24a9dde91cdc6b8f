//! The running systems that tests share.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::{RwLock, Semaphore, SemaphorePermit};
use warden_control_plane::s3::{Request, S3};
use warden_control_plane::{Call, ControlPlane, Service};
use warden_local::audit::{Audit, Upload};
use warden_local::engine::{ACCESS_KEY, Engine, EngineOptions, REGION};
use warden_local::follow::{Sent, follow};
use warden_local::model::{Fault, Faults, ModelOptions};
use warden_local::output::Console;
use warden_local::scenario::{Expected, Seen};
use warden_local::system::{System, SystemOptions};
use warden_local::workspace::Workspace;

/// The waits of the state machine, a fiftieth of what they are on AWS.
pub const WAIT_SCALE: f64 = 0.02;

/// Under which prefixes personal data is not deleted.
pub const ACTION_OVERRIDES: &str = "quarantine/=quarantine,mask/=mask,tag/=tag,none/=none";

/// How many trials run at once, whatever system they are of: most of a trial is waiting for an execution or an alert.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2 * cores()));

/// How many cores there are.
pub fn cores() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Waits until a trial may run. Whoever has to wait for another trial of the same system asks for its turn after that, so
/// that trials of other systems go on meanwhile.
pub async fn turn() -> SemaphorePermit<'static> {
    TURNS.acquire().await.unwrap()
}

/// A running system that tests share.
pub trait Running: Send + Sync + Sized + 'static {
    /// Brings it up.
    fn up() -> impl Future<Output = Self>;
    /// What its model is ordered to get wrong.
    fn faults(&self) -> &Faults;
    /// Held by those who need a model that is well, and alone by those who do not.
    fn model_is_well(&self) -> &RwLock<()>;
    /// The engine that it runs on.
    fn engine(&self) -> &Engine;
}

/// Brings a system up for the first test that needs it, and takes it down at the end.
pub struct Stage<W = World> {
    runtime: Runtime,
    world: Mutex<Option<Arc<W>>>,
}

impl<W> Default for Stage<W> {
    fn default() -> Self {
        Self { runtime: Runtime::new().unwrap(), world: Mutex::default() }
    }
}

impl<W: Running> Stage<W> {
    /// A test that shares the system with others.
    pub fn trial<F>(self: &Arc<Self>, name: impl Into<String>, test: impl FnOnce(Arc<W>) -> F + Send + 'static) -> Trial
    where
        F: Future<Output = ()>,
    {
        let stage = Arc::clone(self);
        Trial::test(name, move || {
            let world = stage.world()?;
            stage.runtime.block_on(async {
                let _well = world.model_is_well().read().await;
                let _turn = turn().await;
                test(Arc::clone(&world)).await;
            });
            Ok(())
        })
    }

    /// A test during which the model fails, and which has the system for itself.
    /// The first calls of the model go through `orders`.
    pub fn faulty_trial<F>(
        self: &Arc<Self>,
        name: impl Into<String>,
        orders: Vec<(usize, Fault)>,
        test: impl FnOnce(Arc<W>) -> F + Send + 'static,
    ) -> Trial
    where
        F: Future<Output = ()>,
    {
        let stage = Arc::clone(self);
        Trial::test(name, move || {
            let world = stage.world()?;
            stage.runtime.block_on(async {
                let _alone = world.model_is_well().write().await;
                let _turn = turn().await;
                world.faults().clear();
                for (calls, fault) in orders {
                    world.faults().next(calls, fault);
                }
                let _well_again = WellAgain(world.faults().clone());
                test(Arc::clone(&world)).await;
            });
            Ok(())
        })
    }

    /// Takes the system down, and says what is left of it, if anything is.
    pub fn close(&self) -> Option<String> {
        let world = self.world.lock().unwrap().take()?;
        let group = world.engine().process_group();
        let endpoint = world.engine().endpoint().trim_start_matches("http://").to_owned();
        let Some(world) = Arc::into_inner(world) else { return Some("a test still holds the system".to_owned()) };
        // The model's tasks end where they run.
        self.runtime.block_on(async { drop(world) });
        if !group_ends(group) {
            return Some(format!("process group {group} of the engine is still there"));
        }
        std::net::TcpStream::connect(&endpoint).ok().map(|_| format!("somebody still listens on {endpoint}"))
    }

    fn world(&self) -> Result<Arc<W>, Failed> {
        let mut world = self.world.lock().map_err(|_| "the system did not come up for an earlier test")?;
        if let Some(world) = &*world {
            return Ok(Arc::clone(world));
        }
        let brought_up = self.runtime.block_on(async {
            let _turn = turn().await;
            W::up().await
        });
        Ok(Arc::clone(world.insert(Arc::new(brought_up))))
    }
}

/// Whether every process of a group is gone within a moment: what was killed
/// is still listed until somebody has taken notice.
fn group_ends(group: u32) -> bool {
    let is_there = || Command::new("kill").args(["-0", "--", &format!("-{group}")]).output().unwrap().status.success();
    let begun = Instant::now();
    while is_there() {
        if begun.elapsed() > Duration::from_secs(5) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

struct WellAgain(Faults);

impl Drop for WellAgain {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// The running system.
pub struct World {
    pub workspace: Workspace,
    system: System,
    faults: Faults,
    model_is_well: RwLock<()>,
    http: reqwest::Client,
}

/// What Lambda's Invoke answered.
#[derive(Debug)]
pub struct Answer {
    /// Whether the function failed.
    pub failed: bool,
    /// Its answer, or its error.
    pub payload: Value,
}

impl World {
    /// The system with these parameters of the audit's stack. Trials share pictures, and each is to be judged.
    pub async fn with(parameters: &[(&str, &str)]) -> Self {
        Self::reusing("false", parameters).await
    }

    /// The same, where verdicts answer for the same bytes or do not.
    pub async fn reusing(verdicts: &str, parameters: &[(&str, &str)]) -> Self {
        let workspace = Workspace::find().unwrap();
        let faults = Faults::default();
        let options = SystemOptions {
            model: ModelOptions { faults: faults.clone(), ..ModelOptions::default() },
            engine: EngineOptions { wait_scale: WAIT_SCALE, ..EngineOptions::default() },
            parameters: [("ReuseVerdicts", verdicts)]
                .iter()
                .chain(parameters)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..SystemOptions::default()
        };
        let system =
            System::up(&workspace, &options, &Console::standard()).await.unwrap_or_else(|error| panic!("{error}"));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { workspace, system, faults, model_is_well: RwLock::default(), http }
    }
}

impl Running for World {
    async fn up() -> Self {
        // Elsewhere personal data is deleted.
        Self::with(&[("ActionOverrides", ACTION_OVERRIDES), ("OlderVersions", "judge")]).await
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

impl World {
    /// The models of the last calls.
    pub fn models_asked(&self) -> Vec<String> {
        self.system.model_calls().last().into_iter().map(|call| call.model_id).collect()
    }

    pub fn model_calls(&self) -> usize {
        self.system.model_calls().count()
    }

    pub fn audit(&self) -> &Audit {
        self.system.audit()
    }

    pub fn s3(&self) -> &S3 {
        &self.audit().clients().s3
    }

    pub fn sample(&self, name: &str) -> PathBuf {
        self.workspace.source("samples").join(name)
    }

    pub async fn upload_sample(&self, key: &str, sample: &str) -> Upload {
        self.audit().upload_file(key, &self.sample(sample)).await.unwrap()
    }

    pub async fn upload_bytes(&self, key: &str, bytes: impl Into<Vec<u8>>) -> Upload {
        self.audit().upload(key, bytes.into()).await.unwrap()
    }

    pub async fn is_there(&self, upload: &Upload) -> bool {
        self.audit().is_there(upload).await.unwrap()
    }

    /// What became of an upload.
    pub async fn outcome(&self, upload: &Upload) -> Seen {
        follow(self.audit(), &Sent::Upload(upload.clone()), |_| ()).await.unwrap()
    }

    /// What became of a replayed event, under an id that was not seen before.
    pub async fn replay(&self, event: &Value) -> Seen {
        let mut event = event.clone();
        if let Some(detail) = event["detail"].as_object_mut() {
            detail.insert("eventID".to_owned(), format!("{:032x}", fastrand::u128(..)).into());
        }
        let id = self.audit().replay(&event).await.unwrap();
        follow(self.audit(), &Sent::Event(id), |_| ()).await.unwrap()
    }

    /// Makes a bucket of one's own, which no rule watches, and lets the functions read it and the state machine delete in
    /// it, as whoever has them look at another bucket does.
    pub async fn bucket(&self, name: &str, versioned: bool) {
        let place =
            "<CreateBucketConfiguration><LocationConstraint>us-west-2</LocationConstraint></CreateBucketConfiguration>";
        self.s3().call(Request::bucket("PUT", name).body(place)).await.unwrap();
        if versioned {
            let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
            self.s3().call(Request::bucket("PUT", name).query("versioning", "").body(enabled)).await.unwrap();
        }
        self.allow("PiiDetectorRole", &["s3:GetObject", "s3:GetObjectVersion"], name).await;
        self.allow("ImageAnalyzerRole", &["s3:GetObject", "s3:GetObjectVersion"], name).await;
        self.allow("StateMachineRole", &["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject"], name).await;
    }

    pub async fn put(&self, bucket: &str, key: &str, sample: &str) {
        let body = tokio::fs::read(self.sample(sample)).await.unwrap();
        self.s3().put(bucket, key, body, &[]).await.unwrap();
    }

    /// A call of IAM's, and its answer.
    pub async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        let iam =
            ControlPlane::new(&self.audit().clients().config, Service::query("IAM", "iam", "2010-05-08").global());
        iam.call(Call::query(action, parameters)).await.unwrap()
    }

    /// The name that a role of the template has on the engine.
    pub async fn role(&self, logical_id: &str) -> String {
        let named = [("StackName", self.audit().address().stack.as_str()), ("LogicalResourceId", logical_id)];
        let call = Call::query("DescribeStackResource", &named);
        let answer = self.audit().clients().cloudformation.call(call).await.unwrap();
        let resource = &answer["DescribeStackResourceResult"]["StackResourceDetail"];
        resource["PhysicalResourceId"].as_str().unwrap().to_owned()
    }

    async fn allow(&self, role: &str, actions: &[&str], bucket: &str) {
        let resource = format!("arn:aws:s3:::{bucket}/*");
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": resource});
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let role = self.role(role).await;
        self.iam("PutRolePolicy", &[("RoleName", &role), ("PolicyName", bucket), ("PolicyDocument", &policy)]).await;
    }

    /// Lets the alias of a function run a version with further settings, and then again the one that it ran before.
    pub async fn with_settings<T>(
        &self,
        output: &str,
        settings: &[(&str, &str)],
        meanwhile: impl Future<Output = T>,
    ) -> T {
        use reqwest::Method;
        let arn = self.audit().output(output);
        let parts: Vec<_> = arn.split(':').collect();
        let [.., name, alias] = parts.as_slice() else { panic!("{output} is {arn:?}, no alias of a function") };
        let read = async |method, path: String, body: Option<Value>| -> Value {
            self.lambda(method, &path, body.as_ref()).await.json().await.unwrap()
        };
        let before = read(Method::GET, format!("{name}/aliases/{alias}"), None).await;
        let mut configuration = read(Method::GET, format!("{name}/configuration"), None).await;
        let whole = configuration["Environment"].clone();
        for (name, value) in settings {
            configuration["Environment"]["Variables"][*name] = json!(value);
        }
        let changed = json!({"Environment": configuration["Environment"]});
        read(Method::PUT, format!("{name}/configuration"), Some(changed)).await;
        let published = read(Method::POST, format!("{name}/versions"), Some(json!({}))).await;
        let run = async |version: &Value| {
            read(Method::PUT, format!("{name}/aliases/{alias}"), Some(json!({"FunctionVersion": version}))).await;
        };
        run(&published["Version"]).await;
        let seen = meanwhile.await;
        read(Method::PUT, format!("{name}/configuration"), Some(json!({"Environment": whole}))).await;
        run(&before["FunctionVersion"]).await;
        seen
    }

    /// A call of Lambda's below `/2015-03-31/functions/`.
    pub async fn lambda(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> reqwest::Response {
        let url = format!("{}/2015-03-31/functions/{path}", self.system.engine().endpoint());
        // Whose the call is has to be said. The engine checks no signature of the account's own key.
        let scope = format!("{ACCESS_KEY}/20260101/{REGION}/lambda/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let request = self.http.request(method, url).header("authorization", authorization);
        let request = body.into_iter().fold(request, |request, body| request.body(body.to_string()));
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "Lambda answers {} to {path}", answer.status());
        answer
    }

    /// Lambda's Invoke of a function's alias, by the stack's output that names it.
    pub async fn invoke(&self, output: &str, event: &Value) -> Answer {
        let arn = self.audit().output(output);
        let parts: Vec<_> = arn.split(':').collect();
        let [.., name, alias] = parts.as_slice() else { panic!("{output} is {arn:?}, no alias of a function") };
        let path = format!("{name}/invocations?Qualifier={alias}");
        let answer = self.lambda(reqwest::Method::POST, &path, Some(event)).await;
        let failed = answer.headers().contains_key("x-amz-function-error");
        let text = answer.text().await.unwrap();
        assert!(!warden_local::execution::is_mocked(&text), "{name} was answered for by the engine: {text}");
        Answer { failed, payload: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }
}

/// Fails the test with everything that is not as it should be.
pub fn assert_right(expected: Expected, seen: &Seen) {
    let mismatches = expected.mismatches(seen);
    let path = seen.execution.as_ref().map(warden_local::execution::Execution::path);
    assert!(mismatches.is_empty(), "{mismatches:?} after {path:?}, alert {:?}", seen.alert);
}

/// An alert of a failure, which kept whatever there was.
pub fn assert_failure(seen: &Seen, action: &'static str) {
    let expected = Expected {
        verdict: None,
        threat_level: Some("high"),
        action: Some(action),
        failure: Some(true),
        ..Expected::ANY_VERDICT
    };
    assert_right(expected, seen);
}
