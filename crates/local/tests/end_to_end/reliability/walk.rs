//! A random walk: uploads, overwrites, repeated reports and restores in bursts, while whatever may
//! go wrong does; after each burst all is well again, and what failed is replayed. In the end the
//! books have to be right.
//!
//! The seed decides what is sent and what goes wrong. In which order executions run at once is the
//! machine's affair.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use warden_local::model::Fault;
use warden_local::output::Console;
use warden_local::pictures::Holds;

use super::books::{Books, Folder};
use super::faults::{THROTTLED, who};
use super::orders::{Calls, Order, request, task};
use super::site::Site;

/// Most events of a burst.
const BURST: usize = 12;
/// Most things that go wrong in a burst.
const FAULTS: usize = 3;
/// Most often that what failed is replayed, all being well.
const REPLAYS: usize = 2;

/// How long a walk is, and which.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    pub events: usize,
    pub seed: u64,
}

impl Walk {
    /// `WARDEN_WALK_EVENTS` and `WARDEN_WALK_SEED`, where they are set.
    pub fn from_environment(default: Self) -> Self {
        let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
        let events = number("WARDEN_WALK_EVENTS").map_or(default.events, |events| usize::try_from(events).unwrap());
        Self { events, seed: number("WARDEN_WALK_SEED").unwrap_or(default.seed) }
    }

    pub async fn go(self, site: Arc<Site>) {
        let begun = Instant::now();
        let Self { events, seed } = self;
        let mut rng = Rng::with_seed(seed);
        let mut books = Books::open(&site, &format!("walk-{seed}"));
        let mut tally = BTreeMap::<&'static str, usize>::new();
        let (mut to_restore, mut none) = (BTreeSet::new(), BTreeSet::new());
        let known: BTreeSet<_> = site.alerts.lock().await.keys().cloned().collect();
        let lay_in_quarantine = quarantine(&site).await;
        while books.events() < events {
            let (orders, model) = (orders(&mut rng), model(&mut rng));
            *tally.entry("faults ordered").or_default() += orders.len() + usize::from(model.is_some());
            site.desk.order(&orders).await;
            if let Some((calls, fault)) = model {
                site.model_suffers(calls, fault);
            }
            // Without the ledger nobody knows what was brought back.
            let may_restore = !orders.iter().any(|order| order.is_of("TransactWriteItems"));
            for _ in 0..rng.usize(1..=BURST).min(events - books.events()) {
                send(&mut books, &mut rng, if may_restore { &mut to_restore } else { &mut none }, &mut tally).await;
            }
            books.settle().await;
            site.recovers().await;
            for _ in 0..REPLAYS {
                *tally.entry("events replayed").or_default() += books.replay_what_failed().await;
            }
            to_restore.extend(books.in_quarantine().await);
            to_restore.retain(|arrival| !books.arrivals[*arrival].was_restored);
            books.check_since_last().await;
        }
        books.check().await;

        let ours = books.message_ids();
        let alerts = site.alerts.lock().await;
        let strays: Vec<_> = alerts.iter().filter(|(id, _)| !known.contains(*id) && !ours.contains(*id)).collect();
        assert!(strays.is_empty(), "alerts of nobody: {strays:?}");
        let names = books.names();
        let unknown: Vec<_> = quarantine(&site)
            .await
            .difference(&lay_in_quarantine)
            .filter(|name| !names.contains(*name))
            .cloned()
            .collect();
        assert!(unknown.is_empty(), "nobody moved {unknown:?} to quarantine");

        tally.extend(books.tally().await);
        let console = Console::standard();
        console.say(&format!("a walk of {events} events, seed {seed}, in {} s:", begun.elapsed().as_secs()));
        for (what, how_many) in tally {
            console.say(&format!("  {what}: {how_many}"));
        }
    }
}

async fn send(
    books: &mut Books,
    rng: &mut Rng,
    to_restore: &mut BTreeSet<usize>,
    tally: &mut BTreeMap<&'static str, usize>,
) {
    let any = |rng: &mut Rng, books: &Books| rng.usize(0..books.arrivals.len());
    let what = match rng.u8(0..100) {
        0..15 if !books.arrivals.is_empty() => {
            let arrival = any(rng, books);
            let holds = holds(rng);
            books.upload_over(arrival, holds).await;
            "uploads over another"
        }
        15..35 if !books.arrivals.is_empty() => {
            let arrival = any(rng, books);
            books.report(arrival).await;
            "uploads reported again"
        }
        35..45 if !to_restore.is_empty() => {
            let nth = rng.usize(0..to_restore.len());
            let arrival = *to_restore.iter().nth(nth).unwrap();
            to_restore.remove(&arrival);
            books.restore(arrival, &who()).await;
            "restores"
        }
        _ => {
            let folder = Folder::ALL[rng.usize(0..Folder::ALL.len())];
            let holds = holds(rng);
            books.upload(folder, holds).await;
            "uploads"
        }
    };
    *tally.entry(what).or_default() += 1;
}

fn holds(rng: &mut Rng) -> Holds {
    match rng.u8(0..10) {
        0..6 => Holds::PersonalData,
        6..9 => Holds::NoPersonalData,
        _ => Holds::NoPicture,
    }
}

/// What goes wrong at the engine's edge in a burst.
fn orders(rng: &mut Rng) -> Vec<Order> {
    let mut orders: Vec<_> = (0..rng.usize(0..=FAULTS)).map(|_| order(rng)).collect();
    // Without both ledger and topic, the failed execution alone tells what was done.
    if orders.iter().any(|order| order.is_of("Publish")) {
        orders.retain(|order| !order.is_of("TransactWriteItems"));
    }
    orders
}

fn order(rng: &mut Rng) -> Order {
    let function = |name: &str| task("lambda", "Invoke").with(name);
    let late = Duration::from_millis(rng.u64(20..500));
    let few = rng.usize(1..=8);
    let calls = |rng: &mut Rng, calls: Calls| if rng.u8(0..4) == 0 { calls } else { calls.next(few) };
    match rng.u8(0..16) {
        0 => request("dynamodb", "TransactWriteItems").next(few).failing("TransactionCanceledException", THROTTLED),
        1 => calls(rng, request("dynamodb", "TransactWriteItems")).answered(500, "InternalServerError"),
        // Of more than a record's tries, the claim would stand for a day.
        2 => task("dynamodb", "UpdateItem").next(few).refused("DynamoDB.ProvisionedThroughputExceededException"),
        3 => calls(rng, function("log-summarizer")).refused("Lambda.Unknown"),
        4 => calls(rng, function("pii-detector")).refused("Sandbox.Timedout"),
        5 => calls(rng, function("alert-composer")).refused("Lambda.Unknown"),
        6 => function("alert-composer").next(few).refused("Lambda.TooManyRequestsException"),
        7 => calls(rng, task("s3", "CopyObject")).refused("S3.S3Exception"),
        8 => calls(rng, task("s3", "HeadObject")).refused("S3.S3Exception"),
        9 => calls(rng, task("s3", "DeleteObject")).refused("S3.S3Exception"),
        10 => calls(rng, task("s3", "PutObjectTagging")).refused("S3.S3Exception"),
        11 => calls(rng, request("sns", "Publish")).answered(500, "InternalError"),
        14 => calls(rng, task("sns", "Publish")).refused("SNS.InternalErrorException"),
        12 => task("s3", "DeleteObject").late(late),
        13 => calls(rng, request("s3", "GetObjectVersion")).answered(503, "SlowDown"),
        _ => request("s3", "GetObjectVersion").next(few).fatal(),
    }
}

/// What goes wrong with the model in a burst.
fn model(rng: &mut Rng) -> Option<(usize, Fault)> {
    let fault = match rng.u8(0..20) {
        0 => Fault::Throttled,
        1 => Fault::Overloaded,
        2 => Fault::Unavailable,
        3 => Fault::InternalError,
        4 => Fault::TimedOut,
        5 => Fault::Refused,
        6 => Fault::CutAtMaxTokens,
        7 => Fault::Empty,
        8 => Fault::AccessDenied,
        _ => return None,
    };
    Some((rng.usize(1..=20), fault))
}

/// The names of what lies in quarantine.
async fn quarantine(site: &Site) -> BTreeSet<String> {
    let bucket = site.audit().output("QuarantineBucketName");
    let (mut names, mut next) = (BTreeSet::new(), None);
    loop {
        let page = site.audit().clients().s3.objects(bucket, "", (None, None), next.as_deref()).await.unwrap();
        names.extend(page.objects.into_iter().map(|object| object.key));
        next = page.next;
        if next.is_none() {
            return names;
        }
    }
}
