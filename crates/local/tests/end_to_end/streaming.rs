//! The streaming functions as their callers see them: over HTTP, chunk by
//! chunk, with a model that is well and one that is not.

use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use warden_local::chat::{Chat, ChatOptions, StreamingFunction};
use warden_local::model::{Fault, Faults, ModelOptions, Streams};
use warden_local::output::Console;
use warden_local::private_api::events;
use warden_local::workspace::Workspace;

use crate::world::turn;

const FUNCTIONS: [(&str, StreamingFunction); 2] =
    [("bedrock", StreamingFunction::Bedrock), ("sagemaker", StreamingFunction::SageMaker)];

/// What the model waits for before each word.
const WORD_DELAY: Duration = Duration::from_millis(20);
/// How long the functions wait for the model's next word.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(3);

const QUESTION: &str = "야 안녕? 👋🏽 é";

/// Brings the functions up for the first test that needs them, and takes them down at the end.
#[derive(Default)]
pub struct StreamingStage {
    runtime: Mutex<Option<Runtime>>,
    world: Mutex<Option<Arc<Streaming>>>,
}

/// Functions that listen, and the faults of the model that they ask.
pub struct Streaming {
    chat: Chat,
    faults: Faults,
    http: reqwest::Client,
}

impl StreamingStage {
    /// A test that has the functions and their model for itself.
    fn trial<F>(
        self: &Arc<Self>,
        name: impl Into<String>,
        test: impl FnOnce(Arc<Streaming>) -> F + Send + 'static,
    ) -> Trial
    where
        F: Future<Output = ()>,
    {
        let stage = Arc::clone(self);
        Trial::test(format!("streaming::{}", name.into()), move || {
            let mut runtime = stage.runtime.lock().map_err(|_| "the functions did not come up for an earlier test")?;
            let runtime = runtime.get_or_insert_with(|| Runtime::new().unwrap());
            let world = stage.world(runtime)?;
            world.faults.clear();
            let tested = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                runtime.block_on(async {
                    let _turn = turn().await;
                    test(world).await;
                });
            }));
            tested.map_err(|_| Failed::from("see above"))
        })
    }

    fn world(&self, runtime: &Runtime) -> Result<Arc<Streaming>, Failed> {
        let mut world = self.world.lock().map_err(|_| "the functions did not come up")?;
        if let Some(world) = &*world {
            return Ok(Arc::clone(world));
        }
        let functions = FUNCTIONS.map(|(_, function)| function).to_vec();
        let up = runtime.block_on(Streaming::up(functions, Vec::new()));
        Ok(Arc::clone(world.insert(Arc::new(up))))
    }

    /// Takes the functions down, and says what is left of them, if anything is.
    pub fn close(&self) -> Option<String> {
        let runtime = self.runtime.lock().ok()?.take()?;
        let world = Arc::into_inner(self.world.lock().ok()?.take()?)?;
        let urls: Vec<_> = FUNCTIONS.iter().filter_map(|(_, of)| world.chat.url(*of)).map(str::to_owned).collect();
        // What listened ends where it ran.
        let address = |url: &String| url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listens = |url: &&String| std::net::TcpStream::connect(address(url)).is_ok();
        runtime.block_on(async {
            drop(world);
            let begun = Instant::now();
            while urls.iter().any(|url| listens(&url)) && begun.elapsed() < Duration::from_secs(5) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        urls.iter().find(listens).map(|url| format!("somebody still listens on {url}"))
    }
}

/// What came of a request, and when.
#[derive(Debug)]
struct Answer {
    status: u16,
    content_type: String,
    retry_after: Option<String>,
    body: String,
    /// When each chunk came, from the first one on.
    moments: Vec<Duration>,
    /// Whether the response ended as HTTP wants it.
    clean: bool,
}

impl Answer {
    /// The events by their names.
    fn events(&self) -> Vec<(String, Value)> {
        events(&self.body).unwrap()
    }

    fn event(&self, name: &str) -> Option<Value> {
        self.events().into_iter().find_map(|(known, data)| (known == name).then_some(data))
    }

    fn text(&self) -> String {
        let events = self.events().into_iter();
        events.filter(|(name, _)| name == "delta").map(|(_, data)| data["text"].as_str().unwrap().to_owned()).collect()
    }

    fn error(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// From the first chunk to the last.
    fn took(&self) -> Duration {
        self.moments.last().copied().unwrap_or_default()
    }
}

impl Streaming {
    async fn up(functions: Vec<StreamingFunction>, mut settings: Vec<(&'static str, String)>) -> Self {
        let workspace = Workspace::find().unwrap();
        let faults = Faults::default();
        settings.push(("RECEIVE_TIMEOUT_SECONDS", RECEIVE_TIMEOUT.as_secs().to_string()));
        let model = ModelOptions { faults: faults.clone(), word_delay: WORD_DELAY, ..ModelOptions::default() };
        let options = ChatOptions { functions, model, settings, ..ChatOptions::default() };
        let chat = Chat::up(&workspace, &options, &Console::standard()).await.unwrap_or_else(|error| panic!("{error}"));
        Self { chat, faults, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    fn request(
        &self,
        function: StreamingFunction,
        accept: &str,
        body: impl Into<reqwest::Body>,
    ) -> reqwest::RequestBuilder {
        let request = self.http.post(self.chat.url(function).unwrap()).header("content-type", "application/json");
        request.header("accept", accept).header("x-warden-token", self.chat.token()).body(body)
    }

    async fn ask(&self, function: StreamingFunction, accept: &str) -> Answer {
        answer(self.request(function, accept, json!({"prompt": QUESTION}).to_string())).await
    }

    async fn client(&self, function: StreamingFunction, token: &str, arguments: &[&str]) -> Output {
        let mut command = self.chat.client(function);
        command.args(["--once", QUESTION]).args(arguments).env("WARDEN_CHAT_TOKEN", token).stdin(Stdio::null());
        tokio::process::Command::from(command).output().await.unwrap()
    }

    /// Waits until no stream of the model's is open.
    async fn streams(&self) -> Streams {
        let begun = Instant::now();
        while self.chat.model_calls().streams().open > 0 && begun.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.chat.model_calls().streams()
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let mut response = request.send().await.unwrap();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let mut answer = Answer {
        status: response.status().as_u16(),
        content_type: header("content-type").unwrap_or_default(),
        retry_after: header("retry-after"),
        body: String::new(),
        moments: Vec::new(),
        clean: false,
    };
    let (mut bytes, mut first) = (Vec::new(), None);
    answer.clean = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                answer.moments.push(first.get_or_insert_with(Instant::now).elapsed());
                bytes.extend_from_slice(&chunk);
            }
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    answer.body = String::from_utf8(bytes).unwrap();
    answer
}

const EVENTS: &str = "text/event-stream";

pub fn trials(stage: &Arc<StreamingStage>) -> Vec<Trial> {
    let mut trials = vec![stage.trial("a_container_of_json_lines_answers_too", async |_| json_lines().await)];
    for (name, function) in FUNCTIONS {
        let mut add = |what: &str, test: fn(String) -> Waiting| {
            trials.push(test(format!("{name}::{what}"))(stage, function));
        };
        add("words_arrive_while_the_model_writes", |name| test(name, words_arrive));
        add("bare_text_is_what_curl_prints", |name| test(name, bare_text));
        add("nobody_is_let_in_without_the_token", |name| test(name, token));
        add("what_is_no_request_is_refused", |name| test(name, no_request));
        add("six_megabytes_are_taken_and_more_refused", |name| test(name, six_megabytes));
        add("a_caller_that_leaves_ends_the_models_call", |name| test(name, caller_leaves));
        add("a_model_that_fails_at_once_has_a_status", |name| test(name, fails_at_once));
        add("a_model_that_fails_midway_is_told_in_the_stream", |name| test(name, fails_midway));
        add("a_model_that_falls_silent_is_given_up", |name| test(name, falls_silent));
        add("the_client_prints_the_answer", |name| test(name, client_prints));
        add("the_client_tells_what_went_wrong", |name| test(name, client_tells));
    }
    trials
}

/// A test that waits for the stage and the function.
type Waiting = Box<dyn FnOnce(&Arc<StreamingStage>, StreamingFunction) -> Trial>;

fn test<F>(name: String, test: fn(Arc<Streaming>, StreamingFunction) -> F) -> Waiting
where
    F: Future<Output = ()> + 'static,
{
    Box::new(move |stage, function| stage.trial(name, move |world| test(world, function)))
}

async fn words_arrive(world: Arc<Streaming>, function: StreamingFunction) {
    let answer = world.ask(function, EVENTS).await;
    assert_eq!((answer.status, answer.clean), (200, true), "{answer:?}");
    assert!(answer.content_type.starts_with(EVENTS), "{answer:?}");
    let text = answer.text();
    assert!(text.contains("local stand-in") && text.contains(QUESTION), "{text}");

    let names: Vec<_> = answer.events().into_iter().map(|(name, _)| name).collect();
    assert_eq!((names[0].as_str(), names.last().unwrap().as_str()), ("start", "end"), "{names:?}");
    assert!(answer.event("usage").unwrap()["output_tokens"].as_u64().unwrap() > 10);

    // What is collected on the way comes within no time, and at once. The first words may be late on a busy machine.
    let words = u32::try_from(text.split_whitespace().count()).unwrap();
    assert!(answer.took() >= WORD_DELAY * words / 2, "{words} words within {:?}", answer.took());
    let apart = answer.moments.windows(2).filter(|pair| pair[1].saturating_sub(pair[0]) > WORD_DELAY / 2).count();
    assert!(apart * 2 > words as usize, "{apart} of {words} words came apart");
}

async fn bare_text(world: Arc<Streaming>, function: StreamingFunction) {
    let answer = world.ask(function, "*/*").await;
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "text/plain; charset=utf-8"));
    assert!(answer.body.starts_with("I am a local stand-in") && answer.body.contains(QUESTION), "{}", answer.body);
    assert!(!answer.body.contains("[cut") && answer.moments.len() > 10, "{answer:?}");
}

async fn token(world: Arc<Streaming>, function: StreamingFunction) {
    let url = world.chat.url(function).unwrap();
    for token in ["", "wrong", &world.chat.token()[1..]] {
        let post = world.http.post(url).header("x-warden-token", token).json(&json!({"prompt": "Hi"}));
        let get = world.http.get(format!("{url}models")).header("x-warden-token", token);
        for request in [post, get] {
            let answer = answer(request).await;
            assert_eq!((answer.status, answer.error().as_str()), (401, "Unauthorized"), "{answer:?}");
        }
    }
    let models = answer(world.http.get(format!("{url}models")).header("x-warden-token", world.chat.token())).await;
    let models: Value = serde_json::from_str(&models.body).unwrap();
    assert!(models["models"].as_array().unwrap().contains(&models["default"]), "{models}");
}

async fn no_request(world: Arc<Streaming>, function: StreamingFunction) {
    let asked = world.chat.model_calls().count();
    for body in [
        "{",
        "[]",
        "{}",
        r#"{"prompt":"Hi","messages":[]}"#,
        r#"{"prompt":"Hi","temperature":1}"#,
        r#"{"prompt":"Hi","model":"of-nobody"}"#,
        r#"{"messages":[{"role":"assistant","content":"Hi"}]}"#,
    ] {
        let answer = answer(world.request(function, EVENTS, body)).await;
        assert_eq!((answer.status, answer.error().as_str()), (400, "InvalidInput"), "{body}: {answer:?}");
    }
    assert_eq!(world.chat.model_calls().count(), asked, "the model was asked");
}

async fn six_megabytes(world: Arc<Streaming>, function: StreamingFunction) {
    let body = json!({"prompt": QUESTION}).to_string();
    let padded = |length: usize| body.clone() + &" ".repeat(length - body.len());
    let taken = answer(world.request(function, EVENTS, padded(6_000_000))).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    assert!(taken.text().contains(QUESTION));
    let refused = answer(world.request(function, EVENTS, padded(6_291_457))).await;
    assert_eq!(refused.status, 413, "{refused:?}");
}

async fn caller_leaves(world: Arc<Streaming>, function: StreamingFunction) {
    let before = world.streams().await;
    let mut response = world.request(function, EVENTS, json!({"prompt": QUESTION}).to_string()).send().await.unwrap();
    response.chunk().await.unwrap().unwrap();
    drop(response);
    let begun = Instant::now();
    let after = world.streams().await;
    assert_eq!((after.ended, after.abandoned), (before.ended, before.abandoned + 1), "after {:?}", begun.elapsed());
    // And the next caller is served.
    assert!(world.ask(function, EVENTS).await.event("end").is_some());
}

async fn fails_at_once(world: Arc<Streaming>, function: StreamingFunction) {
    for (fault, status, name) in [
        (Fault::Throttled, 429, "ModelThrottled"),
        (Fault::AccessDenied, 502, "AccessDenied"),
        (Fault::Unavailable, 502, "ModelUnavailable"),
    ] {
        // As often as anybody may try again.
        world.faults.next(20, fault);
        let answer = world.ask(function, EVENTS).await;
        world.faults.clear();
        assert_eq!((answer.status, answer.error().as_str()), (status, name), "{answer:?}");
        assert_eq!(answer.content_type, "application/json");
        assert_eq!(answer.retry_after.is_some(), status == 429, "{answer:?}");
    }
}

async fn fails_midway(world: Arc<Streaming>, function: StreamingFunction) {
    for fault in [Fault::StreamFails(6), Fault::StreamBreaks(6)] {
        world.faults.next(1, fault);
        let events = world.ask(function, EVENTS).await;
        assert!(events.text().starts_with("I am a local"), "{events:?}");
        assert!(events.event("error").unwrap()["code"].as_str().unwrap().starts_with("Model"), "{events:?}");
        assert!(events.event("end").is_none() && events.clean, "{events:?}");

        world.faults.next(1, fault);
        let text = world.ask(function, "*/*").await;
        assert!(text.body.starts_with("I am a local") && text.body.ends_with("]\n") && text.clean, "{text:?}");
        assert!(text.body.contains("\n[cut: Model"), "{text:?}");
    }
}

async fn falls_silent(world: Arc<Streaming>, function: StreamingFunction) {
    world.faults.next(1, Fault::StreamStalls(6));
    let answer = world.ask(function, EVENTS).await;
    assert_eq!(answer.event("error").unwrap()["code"], "ModelTimeout", "{answer:?}");
    assert!(answer.event("end").is_none() && answer.clean, "{answer:?}");
    assert!(answer.took() >= RECEIVE_TIMEOUT && answer.took() < RECEIVE_TIMEOUT * 3, "{:?}", answer.took());
    assert_eq!(world.streams().await.open, 0, "the model's call goes on");
}

async fn client_prints(world: Arc<Streaming>, function: StreamingFunction) {
    let output = world.client(function, world.chat.token(), &[]).await;
    let (text, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!((output.status.code(), told.as_str()), (Some(0), ""));
    assert!(text.starts_with("I am a local stand-in") && text.contains(QUESTION), "{text}");

    let output = world.client(function, world.chat.token(), &["--output", "json", "--max-tokens", "3"]).await;
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &document["whole"]), (Some(3), &json!(false)), "{document}");
    assert_eq!(document["text"], "I am a local", "{document}");
}

async fn client_tells(world: Arc<Streaming>, function: StreamingFunction) {
    let token = world.chat.token();
    for (fault, token, code, told) in [
        (None, "wrong", 1, "another token"),
        (Some(Fault::StreamFails(6)), token, 3, "cut: Model"),
        (Some(Fault::StreamStalls(6)), token, 3, "cut: ModelTimeout"),
        (Some(Fault::AccessDenied), token, 1, "AccessDenied"),
    ] {
        if let Some(fault) = fault {
            world.faults.next(1, fault);
        }
        let output = world.client(function, token, &[]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(told) && said.lines().count() == 1, "{said}");
    }
}

async fn json_lines() {
    let settings = vec![("SAGEMAKER_PROTOCOL", "json-lines".to_owned())];
    let world = Streaming::up(vec![StreamingFunction::SageMaker], settings).await;
    let answer = world.ask(StreamingFunction::SageMaker, EVENTS).await;
    assert!(answer.text().contains(QUESTION), "{answer:?}");
    assert!(answer.event("end").is_some() && answer.took() >= WORD_DELAY * 20, "{answer:?}");
}
