//! Runs the whole system on this machine, for development.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use warden_call_errors::printable;
use warden_local::alert::Alert;
use warden_local::audit::{Address, Audit};
use warden_local::backfill;
use warden_local::chat::{Chat, ChatOptions, StreamingFunction};
use warden_local::clean_copies;
use warden_local::demo;
use warden_local::evaluate;
use warden_local::follow::{self, Sent};
use warden_local::inbox::Inbox;
use warden_local::instructions;
use warden_local::load::{self, LoadOptions};
use warden_local::model::{ModelOptions, WORD_DELAY};
use warden_local::output::Console;
use warden_local::private_api::PrivateApi;
use warden_local::questions;
use warden_local::report;
use warden_local::running::{self, RunningFile};
use warden_local::scenario::{self, Expected, Scenario};
use warden_local::system::{self, System, SystemOptions};
use warden_local::table::{Detail, Row};
use warden_local::workspace::Workspace;

/// How a program ends that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// What a demo is.
const DEVELOPMENT: &str = "For development: a local AWS engine and a local model stand in for AWS, on 127.0.0.1 alone.";

/// The whole system on this machine, for development: the functions, template
/// and state machine that go to AWS, on a local AWS engine and a local model.
#[derive(Debug, Parser)]
#[command(name = "warden-local", version)]
struct Arguments {
    /// The file that says where the running system is [default: under the target folder].
    #[arg(long, global = true, value_name = "FILE", env = "WARDEN_RUNNING_FILE", hide = true)]
    running_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Upload samples and your own images, and show what becomes of each; `demo backfill` audits a
    /// bucket of existing pictures, `demo api` asks the private API, `demo chat` holds a chat.
    Demo(DemoArguments),
    /// Keep the system running until Ctrl-C.
    Up(UpArguments),
    /// Install and build what the system needs, and start nothing.
    Prepare(UpArguments),
    /// Upload a file to the running system, and show what becomes of it.
    Upload {
        /// The file.
        file: PathBuf,
        /// The key to upload it to [default: uploads/ and the file's name].
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        key: Option<String>,
    },
    /// Replay a recorded event in the running system, and show what becomes of it.
    Replay {
        /// A JSON file with an event of EventBridge's.
        file: PathBuf,
    },
    /// Bring a system up, upload many pictures at a rate, and compare what becomes of them with the truth.
    ///
    /// The model answers at once or after a fixed time, right each time. It takes as many pictures, and as many functions
    /// run, as is said; what is over that is throttled, as on AWS. Everything is on this machine, on 127.0.0.1 alone.
    /// Exits with 1 where something is lost, judged or reported twice, or wrong.
    Load(LoadArguments),
    /// Judge labelled pictures, and measure how well: `evaluate --help` says how.
    #[command(disable_help_flag = true)]
    Evaluate {
        /// What the evaluation is asked.
        #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Show the alerts that the running system sent, each once.
    Alerts {
        /// Wait for more until Ctrl-C.
        #[arg(long)]
        follow: bool,
        /// How to show them.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
struct DemoArguments {
    #[command(subcommand)]
    part: Option<DemoPart>,
    /// Images of your own.
    #[arg(value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// How to show the results; JSON is one document at the end.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// Show the states that each execution went through, and the alert's subject.
    #[arg(long, short)]
    verbose: bool,
    /// Leave the system running afterwards, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// What is done with personal data; `quarantine` shows the way into quarantine and back out of it.
    #[arg(long, value_enum, default_value_t)]
    action: DemoAction,
    #[command(flatten)]
    system: SystemArguments,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum DemoAction {
    /// It is deleted for good.
    #[default]
    Delete,
    /// It is moved to a bucket of its own.
    Quarantine,
    /// The same, and a copy in which it is covered stays.
    Mask,
}

impl DemoAction {
    fn scenarios(self, workspace: &Workspace) -> Vec<Scenario> {
        match self {
            Self::Delete => scenario::scenarios(workspace),
            Self::Quarantine => scenario::quarantine_scenarios(workspace),
            Self::Mask => scenario::mask_scenarios(workspace),
        }
    }

    /// The stack's parameters for it.
    fn parameters(self) -> Vec<(String, String)> {
        match self {
            Self::Delete => Vec::new(),
            Self::Quarantine => vec![("OnPersonalData".to_owned(), "quarantine".to_owned())],
            Self::Mask => vec![("OnPersonalData".to_owned(), "mask".to_owned())],
        }
    }
}

/// What else there is to show.
#[derive(Debug, Subcommand)]
enum DemoPart {
    /// Back-fill a bucket of 60 existing pictures: stop, resume, then show that a second run costs nothing.
    Backfill(BackfillDemoArguments),
    /// Ask the private API questions, and show the records of its calls.
    Api(PartArguments),
    /// Start the local model and a streaming function, and open the terminal client on it.
    Chat(ChatArguments),
}

/// A rate at which something comes.
fn rate(text: &str) -> Result<f64, &'static str> {
    let rate = text.parse().ok().filter(|rate: &f64| (0.01..=10_000.0).contains(rate));
    rate.ok_or("name a number from 0.01 to 10000")
}

#[derive(Debug, Args)]
struct LoadArguments {
    /// How many pictures are uploaded.
    #[arg(long, value_name = "COUNT", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    uploads: u32,
    /// How many in a second.
    #[arg(long, value_name = "COUNT", default_value_t = 25.0, value_parser = rate)]
    rate: f64,
    /// How many in a hundred hold personal data.
    #[arg(long, value_name = "PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=100))]
    personal_data: u32,
    /// How long the model takes for each answer, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 500)]
    model_delay: u64,
    /// How many calls of the model may be open at once.
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    open_calls: usize,
    /// How many functions run at once, a process each.
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    function_concurrency: u32,
    /// How many in a hundred of the audit's calls of Lambda, `DynamoDB`, S3, SNS and the model fail, at random.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0)]
    failing: f64,
    /// How long to wait for the last one, in minutes from the last upload on.
    #[arg(long, value_name = "MINUTES", default_value_t = 15)]
    within: u64,
    /// How to show the results.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// The Cargo profile to build the functions with; `lambda` is what goes to AWS.
    #[arg(long, default_value = "dev")]
    profile: String,
    /// The Python, 3.10 or newer, to make the engine's environment with.
    #[arg(long, default_value = "python3", env = "WARDEN_PYTHON")]
    python: String,
}

#[derive(Debug, Args)]
struct PartArguments {
    /// How to show the results; JSON is one document at the end.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    system: SystemArguments,
}

#[derive(Debug, Args)]
struct ChatArguments {
    /// Ask this one question, print the answer, and end.
    #[arg(long, value_name = "TEXT")]
    once: Option<String>,
    /// Which function answers.
    #[arg(long, value_enum, default_value_t)]
    function: ChatFunction,
    /// Show Markdown as written, without formatting.
    #[arg(long)]
    no_markdown: bool,
    /// Print where the function listens and its token, and keep it running until Ctrl-C.
    #[arg(long, conflicts_with = "once")]
    serve: bool,
    #[command(flatten)]
    model: ModelArguments,
    /// The Cargo profile to build function and client with; `lambda` is what goes to AWS.
    #[arg(long, default_value = "dev")]
    profile: String,
    /// The Python, 3.10 or newer, whose pip downloads what the model reads with.
    #[arg(long, default_value = "python3", env = "WARDEN_PYTHON")]
    python: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ChatFunction {
    /// `bedrock-stream`.
    #[default]
    Bedrock,
    /// `sagemaker-stream`.
    Sagemaker,
}

impl From<ChatFunction> for StreamingFunction {
    fn from(function: ChatFunction) -> Self {
        match function {
            ChatFunction::Bedrock => Self::Bedrock,
            ChatFunction::Sagemaker => Self::SageMaker,
        }
    }
}

/// The system, and whether its audit reads in code. (The demo's always does, and the private API has none.)
#[derive(Debug, Args)]
struct UpArguments {
    #[command(flatten)]
    system: SystemArguments,
    /// Ask the model about each picture without reading its text and faces in code, as `PiiFloor=off` does on AWS.
    #[arg(long)]
    no_floor: bool,
}

impl From<UpArguments> for SystemOptions {
    fn from(arguments: UpArguments) -> Self {
        Self { floor: !arguments.no_floor, ..arguments.system.into() }
    }
}

#[derive(Debug, Args)]
struct BackfillDemoArguments {
    /// How to show the results; JSON is one document at the end.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    up: UpArguments,
}

#[derive(Debug, Args)]
struct SystemArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// The Cargo profile to build the functions with; `lambda` is what goes to AWS.
    #[arg(long, default_value = "dev")]
    profile: String,
    /// The Python, 3.10 or newer, to make the engine's environment with.
    #[arg(long, default_value = "python3", env = "WARDEN_PYTHON")]
    python: String,
}

#[derive(Debug, Args)]
struct ModelArguments {
    /// Ask this OpenAI-compatible server (Ollama, llama.cpp) instead of the local model's own reader.
    #[arg(long, value_name = "URL", env = "WARDEN_UPSTREAM")]
    upstream: Option<String>,
    /// Which of that server's models to ask.
    #[arg(long, value_name = "NAME", requires = "upstream", env = "WARDEN_UPSTREAM_MODEL")]
    upstream_model: Option<String>,
}

impl ModelArguments {
    /// These chosen, the rest as it was.
    fn chosen(self, options: ModelOptions) -> ModelOptions {
        ModelOptions { upstream: self.upstream, upstream_model: self.upstream_model, ..options }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

impl From<SystemArguments> for SystemOptions {
    fn from(arguments: SystemArguments) -> Self {
        Self {
            python: arguments.python,
            profile: arguments.profile,
            model: arguments.model.chosen(ModelOptions::default()),
            ..Self::default()
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let console = Console::standard();
    let result = Runtime::new().context("no thread could be started").and_then(|runtime| {
        let result = runtime.block_on(run_until_ended(arguments, &console));
        // Somebody who ends this program does not wait for a lock or a download.
        runtime.shutdown_background();
        result
    });
    result.unwrap_or_else(|error| {
        console.say(&format!("error: {error:#}"));
        ExitCode::FAILURE
    })
}

/// Whatever was started ends with the future that started it.
async fn run_until_ended(arguments: Arguments, console: &Console) -> anyhow::Result<ExitCode> {
    let client = Cell::new(false);
    tokio::select! {
        result = run(arguments, console, &client) => result,
        result = ended(&client) => result,
    }
}

/// Waits until somebody ends this program: Ctrl-C, a closed terminal, a supervisor.
/// While a client has the terminal, or something is to be put away, Ctrl-C is its own.
async fn ended(client: &Cell<bool>) -> anyhow::Result<ExitCode> {
    let [mut interrupt, mut terminate, mut hang_up] =
        [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?];
    loop {
        tokio::select! {
            _ = interrupt.recv() => if !client.get() { break },
            _ = terminate.recv() => break,
            _ = hang_up.recv() => break,
        }
    }
    Ok(ExitCode::from(INTERRUPTED))
}

async fn run(arguments: Arguments, console: &Console, client: &Cell<bool>) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    let file = arguments.running_file.unwrap_or_else(|| running::file(&workspace));
    match arguments.command {
        Command::Demo(DemoArguments { part: Some(DemoPart::Backfill(arguments)), .. }) => {
            return run_backfill_demo(&workspace, arguments, console).await;
        }
        Command::Demo(DemoArguments { part: Some(DemoPart::Api(arguments)), .. }) => {
            return run_api_demo(&workspace, arguments, console).await;
        }
        Command::Demo(DemoArguments { part: Some(DemoPart::Chat(arguments)), .. }) => {
            return run_chat(&workspace, arguments, console, client).await;
        }
        Command::Demo(arguments) => return run_demo(&workspace, file, arguments, console).await,
        Command::Up(arguments) => {
            running::refuse_second(&file)?;
            let system = System::up(&workspace, &arguments.into(), console).await?;
            keep(file, &system, console).await?;
        }
        Command::Prepare(arguments) => {
            system::prepare(&workspace, &arguments.into(), console).await?;
        }
        Command::Upload { file: image, key } => {
            let name = image.file_name().unwrap_or(image.as_os_str()).to_string_lossy();
            let key = key.unwrap_or_else(|| format!("uploads/{name}"));
            let send = async |audit: &Audit| {
                let upload = audit.upload_file(&key, &image).await?;
                console.say(&format!("uploaded as {key:?}, version {}", upload.version));
                Ok(Sent::Upload(upload))
            };
            return send_and_show(&file, send, &image.display().to_string(), console, client).await;
        }
        Command::Replay { file: event } => {
            let path = event.display();
            let text = std::fs::read(&event).with_context(|| format!("{path} cannot be read"))?;
            let content = serde_json::from_slice(&text).with_context(|| format!("{path} is not JSON"))?;
            let send = async |audit: &Audit| {
                let id = audit.replay(&content).await.with_context(|| format!("{path} was not replayed"))?;
                console.say(&format!("replayed as event {id}"));
                Ok(Sent::Event(id))
            };
            return send_and_show(&file, send, &path.to_string(), console, client).await;
        }
        Command::Load(arguments) => return run_load(&workspace, arguments, console).await,
        Command::Evaluate { arguments } => {
            let python = std::env::var("WARDEN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
            return Ok(code_of(evaluate::run(&workspace, &arguments, &python, console).await?));
        }
        Command::Alerts { follow, output } => {
            let audit = Audit::new(running::find(&file)?);
            show_alerts(&audit, follow, output, console).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_demo(
    workspace: &Workspace,
    file: PathBuf,
    arguments: DemoArguments,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    // What cannot be uploaded is reported before anything takes time.
    let own = demo::own_images(&arguments.images)?;
    if arguments.keep {
        running::refuse_second(&file)?;
    }
    console.say(DEVELOPMENT);
    // What is read in code cannot be talked down, and has a place that can be covered.
    let options = SystemOptions { parameters: arguments.action.parameters(), floor: true, ..arguments.system.into() };
    let begun = SystemTime::now();
    let system = System::up(workspace, &options, console).await?;
    let scenarios: Vec<_> = arguments.action.scenarios(workspace).into_iter().chain(own).collect();
    let text = arguments.output == Output::Text;
    let shown = text.then(|| Detail::verbose(arguments.verbose));
    let outcome = demo::run(system.audit(), &scenarios, console, shown).await?;
    let page = report::write(system.audit(), workspace, "report.html", begun).await?;
    if text {
        console.result(&demo::summary(&outcome));
        console.result(&format!("The report of it, for a browser: {}", page.display()));
    } else {
        console.result(&serde_json::to_string_pretty(&outcome)?);
    }
    let mut right = outcome.right;
    if arguments.action == DemoAction::Mask {
        let copies = clean_copies::write(system.audit(), workspace, &scenarios).await?;
        console.say(&format!("The masked copies beside their originals: {}", copies.page.display()));
        for title in &copies.missing {
            console.say(&format!("No masked copy was written of {title}."));
        }
        right &= copies.missing.is_empty();
    }
    if arguments.keep {
        keep(file, &system, console).await?;
    }
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run_load(workspace: &Workspace, arguments: LoadArguments, console: &Console) -> anyhow::Result<ExitCode> {
    console.say(DEVELOPMENT);
    let options = LoadOptions {
        uploads: arguments.uploads,
        rate: arguments.rate,
        personal_data: arguments.personal_data,
        model_delay: Duration::from_millis(arguments.model_delay),
        open_calls: arguments.open_calls,
        function_concurrency: arguments.function_concurrency,
        failing: arguments.failing,
        within: Duration::from_mins(arguments.within),
        profile: arguments.profile,
        python: arguments.python,
        ..LoadOptions::default()
    };
    let outcome = load::run(workspace, &options, console).await?;
    match arguments.output {
        Output::Text => console.result(outcome.to_string().trim_end()),
        Output::Json => console.result(&serde_json::to_string_pretty(&outcome)?),
    }
    Ok(if outcome.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run_backfill_demo(
    workspace: &Workspace,
    arguments: BackfillDemoArguments,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    console.say(DEVELOPMENT);
    let also = ("AlsoAudit".to_owned(), format!("arn:aws:s3:::{}", backfill::BUCKET));
    let options = SystemOptions { parameters: vec![also], ..arguments.up.into() };
    let begun = SystemTime::now();
    let system = System::up(workspace, &options, console).await?;
    let outcome = backfill::run(system.audit(), &workspace.source("samples"), console).await?;
    let page = report::write(system.audit(), workspace, "backfill.html", begun).await?;
    match arguments.output {
        Output::Text => {
            console.result(&backfill::summary(&outcome));
            console.result(&format!("The report of it, for a browser: {}", page.display()));
        }
        Output::Json => console.result(&serde_json::to_string_pretty(&outcome)?),
    }
    Ok(if outcome.right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run_api_demo(workspace: &Workspace, arguments: PartArguments, console: &Console) -> anyhow::Result<ExitCode> {
    console.say(DEVELOPMENT);
    let mut options: SystemOptions = arguments.system.into();
    options.model.word_delay = WORD_DELAY;
    let api = PrivateApi::up(workspace, &options, console).await?;
    let text = arguments.output == Output::Text;
    let outcome = questions::run(&api, &options.model.faults, console, text).await?;
    if text {
        console.result(&questions::summary(&outcome));
    } else {
        console.result(&serde_json::to_string_pretty(&outcome)?);
    }
    Ok(if outcome.right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run_chat(
    workspace: &Workspace,
    arguments: ChatArguments,
    console: &Console,
    client: &Cell<bool>,
) -> anyhow::Result<ExitCode> {
    let function = arguments.function.into();
    let defaults = ChatOptions::default();
    let options = ChatOptions {
        functions: vec![function],
        profile: arguments.profile,
        python: arguments.python,
        model: arguments.model.chosen(defaults.model),
        ..defaults
    };
    console.say("For development: a local model stands in for AWS's, and the function runs here, on 127.0.0.1 alone.");
    let chat = Chat::up(workspace, &options, console).await?;
    if arguments.serve {
        let (url, token) = (chat.url(function).unwrap_or_default(), chat.token());
        console.result(&format!("export WARDEN_CHAT_URL={url}\nexport WARDEN_CHAT_TOKEN={token}"));
        std::future::pending::<()>().await;
    }
    let once = arguments.once.into_iter().flat_map(|question| ["--once".to_owned(), question]);
    let plain = arguments.no_markdown.then(|| "--no-markdown".to_owned());
    let further: Vec<_> = once.chain(plain).collect();
    client.set(true);
    let status = chat.converse(function, &further).await?;
    Ok(code_of(status))
}

/// How a program that this one ran ended, as its own end.
fn code_of(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Leaves the system running. It ends with this program.
async fn keep(file: PathBuf, system: &System, console: &Console) -> anyhow::Result<()> {
    let _running = RunningFile::write(file, system.audit().address())?;
    console.result(&instructions::text(system.audit().address()));
    std::future::pending().await
}

/// Sends something to the running system, and shows what becomes of it. Its alert comes to a queue of this command alone:
/// whoever reads the alerts beside it takes none away, and misses none.
async fn send_and_show(
    file: &Path,
    send: impl AsyncFnOnce(&Audit) -> anyhow::Result<Sent>,
    title: &str,
    console: &Console,
    client: &Cell<bool>,
) -> anyhow::Result<ExitCode> {
    let running = Audit::new(running::find(file)?);
    let cloudformation = &running.clients().cloudformation;
    let stack = format!("warden-local-inbox-{:016x}", fastrand::u64(..));
    let inbox = Inbox::open(cloudformation, &stack, running.output("AlertTopicArn")).await?;
    // From here on Ctrl-C takes the queue away, too.
    let mut interrupt = signal(SignalKind::interrupt())?;
    client.set(true);
    let audit = Audit::new(Address { alert_queue: inbox.url().to_owned(), ..running.address().clone() });
    let shown = tokio::select! {
        shown = async { show(&audit, &send(&audit).await?, title, console).await } => shown,
        _ = interrupt.recv() => Ok(ExitCode::from(INTERRUPTED)),
    };
    let closed = inbox.close(cloudformation).await;
    let ending = shown?;
    closed?;
    Ok(ending)
}

/// By what the ledger names the record of an event: the object that it tells of, or the event's id.
fn record_of(event: &Value) -> Option<String> {
    let text = |pointer| event.pointer(pointer).and_then(Value::as_str);
    let object = |bucket, key| Some(format!("s3://{}/{}", text(bucket)?, text(key)?));
    object("/detail/requestParameters/bucketName", "/detail/requestParameters/key")
        .or_else(|| object("/detail/bucket/name", "/detail/object/key"))
        .or_else(|| text("/detail/eventID").map(str::to_owned))
}

async fn show(audit: &Audit, sent: &Sent, title: &str, console: &Console) -> anyhow::Result<ExitCode> {
    let step = console.step("following the execution");
    let begun = std::time::Instant::now();
    let mut row = Row::waiting(title);
    let seen = follow::follow(audit, sent, |seen| {
        row.fill(seen, begun.elapsed().as_secs_f64());
        step.detail(&row.path.join(" → "));
    })
    .await?;
    step.done();
    let duplicate = seen.execution.as_ref().filter(|execution| execution.is_duplicate());
    let expected = if duplicate.is_some() { Expected::DUPLICATE } else { Expected::ANY_VERDICT };
    row.finish(expected.mismatches(&seen));
    console.result(&row.line(Detail::Result));
    for mismatch in &row.mismatches {
        console.say(&format!("error: {mismatch}"));
    }
    if let Some(named) = duplicate.and_then(|execution| record_of(&execution.input)) {
        let stack = &audit.address().stack;
        console.say(&format!(
            "It was audited before. To have the next replay judge it again, with the settings that `up` printed:\n  \
             cargo run --bin warden -- ledger reopen --stack {stack} '{}' --reason TEXT",
            printable(&named)
        ));
    }
    if let Some(alert) = &seen.alert {
        console.result(&format!("\n{}", alert.message));
    }
    Ok(if row.mismatches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn show_alerts(audit: &Audit, follow: bool, output: Output, console: &Console) -> anyhow::Result<()> {
    let wait = Duration::from_secs(if follow { 20 } else { 1 });
    loop {
        let print = |alert: Alert| match output {
            Output::Text => console.print(&format!("{}\n\n{}\n", alert.subject, alert.message)),
            Output::Json => console.print(&serde_json::to_string(&alert)?),
        };
        if audit.hand_out(wait, print).await? == 0 && !follow {
            return Ok(());
        }
    }
}
