//! Brings the whole system up, in the order in which its parts need each other.

use std::fs;
use std::path::PathBuf;

use warden_control_plane::s3::Request;
use warden_deploy::{ApplyRequest, DefinitionError, DefinitionTemplate, Deployer};
use warden_local_model::Server;
use warden_python_env::PythonEnv;

use crate::audit::{Address, Audit};
use crate::aws::{CallError, Clients};
use crate::engine::{Engine, EngineError, EngineOptions, REGION};
use crate::functions::{self, FunctionsError, Package};
use crate::inbox::Inbox;
use crate::model::{self, Calls, ModelError, ModelOptions};
use crate::output::Console;
use crate::stack::{self, Source, StackError};
use crate::streaming_host::StreamingHostError;
use crate::template::{Template, TemplateError};
use crate::tools::{self, InstallError};
use crate::workspace::{Workspace, WorkspaceError};

/// The stack of the template, as it is called on this machine.
const STACK: &str = "warden-local";
/// The stack with the queue that receives the alerts.
const INBOX_STACK: &str = "warden-local-inbox";
/// Where the packaged functions and the template are uploaded to.
const ARTIFACTS: &str = "warden-local-artifacts";
/// The template of the system.
const TEMPLATE: &str = "infra/audit.yaml";
/// The function that reads pictures, in the template, and where it finds the models that it reads text with.
const PII_DETECTOR: &str = "PiiDetector";
const WEIGHTS: &str = "RECOGNIZER_WEIGHTS_DIR";
/// The state machine of the system.
const DEFINITION: &str = "statemachine/security-audit.asl.json";
/// The state machine of backfills.
const BACKFILL: &str = "statemachine/backfill.asl.json";

/// How the system runs.
#[derive(Clone, Debug)]
pub struct SystemOptions {
    /// The Python that the engine's environment is made with.
    pub python: String,
    /// The Cargo profile that the functions are built with.
    pub profile: String,
    /// Who answers as the model.
    pub model: ModelOptions,
    /// How the engine runs.
    pub engine: EngineOptions,
    /// Whether pii-detector reads text and faces in code, with the models that the local model reads with.
    pub floor: bool,
    /// Parameters of the audit's template, by their names, beside those that this machine needs.
    pub parameters: Vec<(String, String)>,
}

impl Default for SystemOptions {
    fn default() -> Self {
        Self {
            python: "python3".to_owned(),
            profile: "dev".to_owned(),
            model: ModelOptions::default(),
            engine: EngineOptions::default(),
            floor: false,
            parameters: Vec::new(),
        }
    }
}

/// A running system. It stops when it is dropped.
#[derive(Debug)]
pub struct System {
    audit: Audit,
    // The engine ends first: its functions are what calls the model.
    engine: Engine,
    model: Server,
}

/// Why the system did not come up.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// The sources were not found.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The Python tools or the OCR models could not be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The functions could not be built.
    #[error(transparent)]
    Functions(#[from] FunctionsError),
    /// There is no model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The engine did not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A call to the engine failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A file of the sources, or one made from them, cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A template cannot be packaged.
    #[error("{template}: {source}")]
    Template {
        /// The template's file.
        template: &'static str,
        /// What is wrong with it.
        source: TemplateError,
    },
    /// A stack was not created.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The stack lacks an output.
    #[error("{0} has no output {1}")]
    NoOutput(&'static str, &'static str),
    /// A function that streams does not listen.
    #[error(transparent)]
    StreamingHost(#[from] StreamingHostError),
    /// The state machine's definition is wrong.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// The state machine was not deployed.
    #[error(transparent)]
    Deploy(#[from] warden_deploy::Error),
}

/// Everything that takes long the first time, done.
#[derive(Debug)]
pub struct Prepared {
    python: PythonEnv,
    template: Template,
    packages: Vec<Package>,
    model: warden_local_model::Config,
}

/// What every deployment on this machine stands on.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) clients: Clients,
    pub(crate) engine: Engine,
    pub(crate) model: Server,
    pub(crate) packages: Vec<Package>,
    template: Template,
}

/// Installs the tools, fetches what the model reads with and builds the
/// functions of the audit, each unless that was done before.
///
/// # Errors
/// When something that this needs is missing; the message says what, and how
/// to mend it.
pub async fn prepare(
    workspace: &Workspace,
    options: &SystemOptions,
    console: &Console,
) -> Result<Prepared, SystemError> {
    prepare_template(workspace, TEMPLATE, options, console).await
}

/// The same for the functions of a template.
pub(crate) async fn prepare_template(
    workspace: &Workspace,
    template: &'static str,
    options: &SystemOptions,
    console: &Console,
) -> Result<Prepared, SystemError> {
    let wrong = |source| SystemError::Template { template, source };
    let mut template = Template::parse(&read(workspace.source(template))?).map_err(wrong)?;
    let names: Vec<_> = template.functions().map_err(wrong)?.into_iter().map(|function| function.package).collect();
    // The tools come from the network while the compiler is at work.
    let (python, model, packages) = tokio::try_join!(
        async { Ok::<_, SystemError>(tools::engine(workspace, &options.python, console).await?) },
        async { Ok(model::prepare(workspace, &options.python, &options.model, console).await?) },
        async { Ok(functions::build(workspace, &names, &options.profile, console).await?) },
    )?;
    if options.floor {
        let weights = tools::weights(workspace, &options.python, console).await?;
        template.set_variable(PII_DETECTOR, WEIGHTS, &weights.to_string_lossy());
    }
    Ok(Prepared { python, template, packages, model })
}

impl System {
    /// Prepares, starts and deploys everything.
    ///
    /// # Errors
    /// When any part cannot be prepared, started or deployed. What was started
    /// by then is stopped.
    pub async fn up(workspace: &Workspace, options: &SystemOptions, console: &Console) -> Result<Self, SystemError> {
        let prepared = prepare(workspace, options, console).await?;
        let mut started = start(workspace, prepared, options, console).await?;

        let step = console.step(&format!("deploying {TEMPLATE} through CloudFormation"));
        let url = started.upload(TEMPLATE).await?;
        let Started { clients, engine, model, .. } = started;
        let bedrock = model.url();
        let mut parameters = vec![
            // What happens to an object is reported by S3 itself: the engine records no data events.
            ("UploadSource", "s3-events"),
            // The engine knows neither trails nor bus policies.
            ("CreateTrail", "false"),
            ("RestrictReplayBus", "false"),
            // The engine makes no layer of the models: the function reads them where they are.
            ("PiiFloor", "off"),
            ("Architecture", architecture()),
            ("BedrockEndpointUrl", bedrock.as_str()),
        ];
        parameters.extend(options.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let outputs = stack::create(&clients.cloudformation, STACK, Source::Url(&url), &parameters).await?;
        step.done();

        let step = console.step(&format!("deploying {DEFINITION} through Step Functions"));
        let definition = DefinitionTemplate::read(&workspace.source(DEFINITION))?;
        let deployer = Deployer::new(&clients.config);
        let request = ApplyRequest::new(STACK, definition);
        let report = deployer.apply(&request).await?;
        let backfill = DefinitionTemplate::read(&workspace.source(BACKFILL))?;
        deployer.apply(&request.backfill(backfill, &report.version_arn)).await?;
        step.done();

        let topic = outputs.get("AlertTopicArn").ok_or(SystemError::NoOutput(TEMPLATE, "AlertTopicArn"))?;
        let inbox = Inbox::open(&clients.cloudformation, INBOX_STACK, topic).await?;
        let address = Address {
            endpoint: engine.endpoint().to_owned(),
            model_endpoint: model.url(),
            stack: STACK.to_owned(),
            outputs,
            state_machine: report.state_machine_arn,
            alert_queue: inbox.url().to_owned(),
        };
        Ok(Self { audit: Audit::new(address), engine, model })
    }

    /// What can be done with the running system.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// The engine that it runs on.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What the model was asked.
    #[must_use]
    pub fn model_calls(&self) -> Calls {
        self.model.calls()
    }
}

/// Starts the engine and the model.
pub(crate) async fn start(
    workspace: &Workspace,
    prepared: Prepared,
    options: &SystemOptions,
    console: &Console,
) -> Result<Started, SystemError> {
    let Prepared { python, template, packages, model } = prepared;
    let step = console.step("starting the local AWS engine and the model");
    let model = model::start(model).await?;
    let engine = Engine::start(workspace, &python, options.engine).await?;
    let clients = Clients::new(engine.endpoint());
    step.done();
    Ok(Started { clients, engine, model, packages, template })
}

impl Started {
    /// Uploads the packages and the template that names them; the template's URL.
    pub(crate) async fn upload(&mut self, template: &'static str) -> Result<String, SystemError> {
        let wrong = |source| SystemError::Template { template, source };
        let place = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        let created = self.clients.s3.call(Request::bucket("PUT", ARTIFACTS).body(place)).await;
        created.map_err(CallError::of("s3:CreateBucket"))?;

        for function in self.template.functions().map_err(wrong)? {
            let package = self.packages.iter().find(|package| package.name == function.package);
            let package = package.ok_or_else(|| FunctionsError::NoExecutable(function.package.clone()))?;
            let unreadable = |source| SystemError::Unreadable { path: package.zip.clone(), source };
            let body = tokio::fs::read(&package.zip).await.map_err(unreadable)?;
            let key = format!("{}.zip", package.name);
            put(&self.clients, &key, body).await?;
            self.template.set_code(&function, ARTIFACTS, &key);
        }
        self.template.leave_layers(ARTIFACTS);
        put(&self.clients, "template.json", self.template.render().into_bytes()).await?;
        Ok(format!("{}/{ARTIFACTS}/template.json", self.engine.endpoint()))
    }
}

async fn put(clients: &Clients, key: &str, body: Vec<u8>) -> Result<(), CallError> {
    clients.s3.put(ARTIFACTS, key, body, &[]).await.map(drop).map_err(CallError::of("s3:PutObject"))
}

pub(crate) fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

fn read(path: PathBuf) -> Result<String, SystemError> {
    fs::read_to_string(&path).map_err(|source| SystemError::Unreadable { path, source })
}
