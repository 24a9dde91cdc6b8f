//! `warden-evaluation`: judges labelled pictures, and measures how well. `warden-local evaluate` builds and starts it.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use clap::Parser;
use console::Term;
use warden_core::{
    bedrock::{TokenPrices, Usage},
    threat::ThreatLevel,
};
use warden_evaluation::{
    baseline, cases,
    cases::Case,
    events::{self, Rater},
    judge::Judge,
    label, page,
    results::{self, Results},
    run, spend, table,
};
use warden_pictures::canvas::JapaneseFont;

/// The widest progress bar, in characters.
const BAR: usize = 30;
/// How often progress is printed where nothing can be drawn over.
const PLAIN: Duration = Duration::from_secs(20);

/// Judges labelled pictures as they would be judged, and measures how well: by code alone, by a model, by both.
///
/// A folder has a file `labels.jsonl`, a line of JSON for each picture: docs/evaluation.md says what is in it. Writes
/// `results.json`, `pictures.jsonl` and `evaluation.html`.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(name = "evaluate", bin_name = "warden-local evaluate", version)]
struct Arguments {
    /// The folder with the pictures and `labels.jsonl`.
    #[arg(value_name = "DIR", required_unless_present = "generated")]
    folder: Option<PathBuf>,
    /// Judge the pictures that are drawn by code, and those that packages ship, instead.
    #[arg(long, conflicts_with = "folder")]
    generated: bool,
    /// Rate events instead of judging pictures: a folder with `events.jsonl`, or with `--generated` those that lie in the sources.
    #[arg(long, conflicts_with_all = ["part", "save", "threads"])]
    events: bool,
    /// Judge one picture in so many.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    one_in: u32,
    /// Judge these parts of the set alone, such as `reported`.
    #[arg(long, value_name = "NAME")]
    part: Vec<String>,
    /// Judge by what is read in code alone: the default when no other judge is given.
    #[arg(long)]
    floor: bool,
    /// Judge by the local stand-in.
    #[arg(long)]
    local: bool,
    /// Judge by a model on Bedrock, by its id; asks first, since it costs money. Credentials and Region come from
    /// the environment.
    #[arg(long, value_name = "MODEL")]
    bedrock: Vec<String>,
    /// Put what is read in code under each model, as `PiiFloor=on` does on AWS.
    #[arg(long)]
    under_floor: bool,
    /// What each model costs, in US dollars per million tokens of requests and of answers [default: its list price, where
    /// that is known].
    #[arg(long, value_name = "INPUT/OUTPUT")]
    price: Option<TokenPrices>,
    /// Spend without asking.
    #[arg(long, short)]
    yes: bool,
    /// How many pictures are judged side by side [default: as many as there are cores, 4 at most].
    #[arg(long, value_name = "COUNT")]
    threads: Option<usize>,
    /// Where the results are written.
    #[arg(long, value_name = "DIR", default_value = "target/warden/evaluation")]
    out: PathBuf,
    /// Exit with 1 where a share is more than 0.01 below these results.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what a later run is held against by `--baseline`.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Write the pictures and their labels into a folder, and judge nothing.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// The folder of the models that text is read with.
    #[arg(long, value_name = "DIR", env = "RECOGNIZER_WEIGHTS_DIR", hide = true)]
    weights: PathBuf,
    /// A font with Japanese characters.
    #[arg(long, value_name = "FILE", hide = true)]
    japanese_font: Option<PathBuf>,
    /// Where the local stand-in listens.
    #[arg(long, value_name = "URL", requires = "local", hide = true)]
    local_url: Option<String>,
}

fn main() -> ExitCode {
    match evaluate(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn evaluate(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let japanese = arguments.japanese_font.as_deref().map(font).transpose()?;
    if arguments.events {
        return rate(arguments);
    }
    let cases = cases(arguments)?;
    if let Some(folder) = &arguments.save {
        cases::save(&cases, folder, japanese.as_ref())?;
        say(&format!("{} pictures and their labels are in {}", cases.len(), folder.display()));
        return Ok(ExitCode::SUCCESS);
    }
    // What cannot be compared is reported before anything takes time.
    let baseline = arguments.baseline.as_deref().map(read_results).transpose()?;
    let judges = judges(arguments)?;
    if !agreed(arguments, &judges, cases.len(), spend::PICTURE)? {
        bail!("nothing was asked, and nothing spent");
    }
    let set = match &arguments.folder {
        Some(folder) => folder.display().to_string(),
        None if arguments.one_in == 1 => "generated".to_owned(),
        None => format!("generated, one in {}", arguments.one_in),
    };
    let mut found = Results { set, judges: Vec::new(), raters: Vec::new() };
    let mut all = Vec::new();
    for judge in &judges {
        let threads =
            arguments.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, |cores| cores.get().min(4)));
        let name = judge.name();
        let progress = Progress::new(&name, cases.len());
        let records = run::run(judge, &cases, threads, &arguments.weights, japanese.as_ref(), &|done, took| {
            progress.tell(done, took);
        })?;
        progress.done();
        let prices = judge.paid().and_then(|model| prices(arguments, model));
        found.judges.push(results::of_judge(name.clone(), &records, prices));
        all.push(records);
    }
    let lines: Vec<String> = found
        .judges
        .iter()
        .zip(&all)
        .map(|(judge, records)| run::lines(&judge.name, records))
        .collect::<Result<_, _>>()?;
    write(&arguments.out, "pictures.jsonl", lines.concat().as_bytes())?;
    finish(arguments, baseline.as_ref(), &found, &page::misses(&found, &all, japanese.as_ref())?)
}

/// Writes a file of the results.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let path = folder.join(name);
    fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

/// Rates events by rules alone, by each model alone and by both.
fn rate(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cases = match &arguments.folder {
        Some(folder) => events::of_folder(folder)?,
        None => events::generated(&sources)?,
    };
    let cases: Vec<_> = cases.into_iter().step_by(usize::try_from(arguments.one_in)?).collect();
    if cases.is_empty() {
        bail!("no event is left to rate");
    }
    let baseline = arguments.baseline.as_deref().map(read_results).transpose()?;
    let models = judges(arguments)?.into_iter().filter(|judge| *judge != Judge::Floor);
    let models: Vec<Judge> = models.collect();
    if !agreed(arguments, &models, cases.len() * 2, spend::EVENT)? {
        bail!("nothing was asked, and nothing spent");
    }
    let of_models = models.into_iter().flat_map(|model| [Rater::Model(model.clone()), Rater::Both(model)]);
    let set = arguments.folder.as_ref().map_or_else(|| "events".to_owned(), |folder| folder.display().to_string());
    let mut found = Results { set, judges: Vec::new(), raters: Vec::new() };
    for rater in std::iter::once(Rater::Rules).chain(of_models) {
        let name = rater.name();
        let progress = Progress::new(&name, cases.len());
        let begun = Instant::now();
        let rated = events::rate(&rater, &cases, &|done| progress.tell(done, begun.elapsed()))?;
        progress.done();
        for wrong in rated.iter().filter(|rated| rated.level != Some(rated.case.level)) {
            let level = wrong.level.map_or("no level", ThreatLevel::as_str);
            say(&format!(
                "   {}: {}: expected {}, got {level}",
                wrong.case.part,
                wrong.case.name,
                wrong.case.level.as_str()
            ));
        }
        found.raters.push(events::ratings(name.clone(), &rated));
    }
    finish(arguments, baseline.as_ref(), &found, &[])
}

/// Writes what was found, shows it, and holds it against what was before.
fn finish(
    arguments: &Arguments,
    baseline: Option<&Results>,
    found: &Results,
    missed: &[page::Shown],
) -> anyhow::Result<ExitCode> {
    let json = write(&arguments.out, "results.json", &serde_json::to_vec_pretty(found)?)?;
    let html = write(&arguments.out, "evaluation.html", page::page(found, missed).as_bytes())?;
    if let Some(path) = &arguments.write_baseline {
        let text = serde_json::to_vec_pretty(&baseline::of(found))?;
        fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    result(&table::text(found));
    result(&format!("\n{}\n{}", json.display(), html.display()));
    let falls = baseline.map(|baseline| baseline::falls(baseline, found)).unwrap_or_default();
    for fall in &falls {
        say(&format!("error: {fall}"));
    }
    Ok(if falls.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn cases(arguments: &Arguments) -> anyhow::Result<Vec<Case>> {
    let one_in = usize::try_from(arguments.one_in)?;
    let mut cases = if let Some(folder) = &arguments.folder {
        cases::of_folder(folder, label::read(folder)?)
    } else {
        let mut cases = cases::generated();
        cases.extend(registry().map(|registry| cases::of_packages(&registry)).unwrap_or_default());
        cases
    };
    if !arguments.part.is_empty() {
        cases.retain(|case| arguments.part.iter().any(|part| part == case.part()));
    }
    let cases: Vec<Case> = cases.into_iter().step_by(one_in).collect();
    if cases.is_empty() {
        bail!("no picture is left to judge");
    }
    Ok(cases)
}

/// Where cargo keeps the sources of packages.
fn registry() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    Some(home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?.join("registry"))
}

fn font(path: &Path) -> anyhow::Result<JapaneseFont> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    JapaneseFont::read(bytes).with_context(|| format!("{} is no font", path.display()))
}

fn read_results(path: &Path) -> anyhow::Result<Results> {
    let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} holds no results of an evaluation", path.display()))
}

fn judges(arguments: &Arguments) -> anyhow::Result<Vec<Judge>> {
    let mut models = Vec::new();
    if arguments.local {
        let url =
            arguments.local_url.clone().context("the local stand-in runs under `warden-local evaluate --local`")?;
        models.push(Judge::Local(url));
    }
    models.extend(arguments.bedrock.iter().cloned().map(Judge::Bedrock));
    let over = |model| if arguments.under_floor { Judge::UnderFloor(Box::new(model)) } else { model };
    let floor = arguments.floor || models.is_empty();
    Ok(floor.then_some(Judge::Floor).into_iter().chain(models.into_iter().map(over)).collect())
}

/// What a model's tokens cost, where that is known.
fn prices(arguments: &Arguments, model: &str) -> Option<TokenPrices> {
    arguments.price.or_else(|| TokenPrices::of_model(model))
}

/// Whether whoever pays agrees to what it may cost.
fn agreed(arguments: &Arguments, judges: &[Judge], requests: usize, each: Usage) -> anyhow::Result<bool> {
    let paid: Vec<&str> = judges.iter().filter_map(Judge::paid).collect();
    if paid.is_empty() {
        return Ok(true);
    }
    let prices: Vec<_> = paid.iter().map(|model| prices(arguments, model)).collect();
    let estimate = spend::estimate(requests, each, &prices);
    let cost = estimate.usd.map_or_else(
        || "name --price INPUT/OUTPUT to see what that costs".to_owned(),
        |usd| format!("about {}", warden_report::page::dollars(usd)),
    );
    say(&format!(
        "{requests} requests for each of {}: about {} tokens of requests and {} of answers, more where a picture is cut into \
         tiles; {cost}.",
        paid.join(" and "),
        warden_report::page::count(estimate.input),
        warden_report::page::count(estimate.output),
    ));
    if arguments.yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        bail!("standard input is not a terminal; pass --yes to continue");
    }
    let _ = write!(io::stderr(), "Go on? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// How far a judge is.
struct Progress<'a> {
    term: Term,
    name: &'a str,
    all: usize,
    told: std::cell::Cell<Duration>,
}

impl<'a> Progress<'a> {
    fn new(name: &'a str, all: usize) -> Self {
        Self { term: Term::stderr(), name, all, told: std::cell::Cell::default() }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a bar is short"
    )]
    fn tell(&self, done: usize, took: Duration) {
        let part = done as f64 / self.all.max(1) as f64;
        let left =
            if done == 0 { String::new() } else { format!(", {:.0} s left", took.as_secs_f64() * (1.0 / part - 1.0)) };
        let line = format!("{done} of {}{left}", self.all);
        if self.term.is_term() {
            let full = (part * BAR as f64) as usize;
            let bar = format!("{}{}", "█".repeat(full), "░".repeat(BAR.saturating_sub(full)));
            let width = usize::from(self.term.size().1).saturating_sub(1);
            let _ = self.term.clear_line();
            let _ = self.term.write_str(&console::truncate_str(&format!("{bar} {}: {line}", self.name), width, "…"));
        } else if took >= self.told.get() + PLAIN {
            self.told.set(took);
            let _ = self.term.write_line(&format!("   {}: {line}", self.name));
        }
    }

    fn done(&self) {
        if self.term.is_term() {
            let _ = self.term.clear_line();
        }
        let _ = self.term.write_line(&format!(" ✓ {}: {} judged", self.name, self.all));
    }
}

fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn result(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
