//! Models that are asked while the day's budget lasts.

use warden_core::{
    Error,
    bedrock::{Answer, TokenPrices},
    budget::{DailyBudget, day_and_hour},
    ports::{ModelCall, ModelReply, Models, SpendRecords},
};

use crate::{clock, settings::BudgetSettings};

/// How long a day's sum is kept.
const KEPT_SECONDS: i64 = 400 * 86_400;

/// A budget that is kept in the ledger.
#[derive(Clone, Debug)]
pub struct Budget<L> {
    /// What may be spent.
    daily: DailyBudget,
    /// What the model's tokens cost.
    prices: TokenPrices,
    /// Where days are summed.
    ledger: L,
    /// Now, in seconds since 1970.
    clock: fn() -> i64,
}

/// Models that are asked while the day's budget lasts; without a budget, always.
#[derive(Clone, Debug)]
pub struct Budgeted<M, L> {
    /// How they are reached.
    pub models: M,
    /// What they may cost.
    pub budget: Option<Budget<L>>,
}

/// Decides which alert reports the spent budget: the first unsilenced one in each hour.
#[derive(Clone, Debug)]
pub struct SpentNotices<L> {
    /// Where hours are marked.
    pub ledger: L,
    /// Now, in seconds since 1970.
    pub clock: fn() -> i64,
}

impl<L: SpendRecords> SpentNotices<L> {
    /// Claims this hour for an alert: true when it is the first, and so the one to report the spent budget.
    pub async fn claim_hour(&self) -> bool {
        let (day, hour) = day_and_hour((self.clock)());
        // What cannot be written down is reported twice rather than not at all.
        self.ledger.tell(&day, &hour).await.unwrap_or(true)
    }
}

impl<M: Models, L: SpendRecords> Models for Budgeted<M, L> {
    async fn invoke(&self, call: ModelCall<'_>) -> Result<ModelReply, Error> {
        // Calls of services are large, and nest deep: on the heap.
        let Some(budget) = &self.budget else { return Box::pin(self.models.invoke(call)).await };
        if Box::pin(budget.is_spent()).await? {
            return Ok(ModelReply::OverBudget);
        }
        let reply = Box::pin(self.models.invoke(call)).await?;
        if let ModelReply::Answer(answer) = &reply {
            let usage = Answer::parse(&answer.body).map(|answer| answer.usage).unwrap_or_default();
            Box::pin(budget.add(budget.prices.cost(usage))).await;
        }
        Ok(reply)
    }
}

impl<L> Budget<L> {
    /// The budget of these settings.
    #[must_use]
    pub fn new(settings: &BudgetSettings, ledger: L) -> Self {
        Self { daily: settings.daily, prices: settings.prices, ledger, clock: clock::seconds }
    }
}

impl<L: SpendRecords> Budget<L> {
    /// Whether nothing more may be asked today.
    async fn is_spent(&self) -> Result<bool, Error> {
        let (day, _) = day_and_hour((self.clock)());
        let spent = self.ledger.spent(&day).await;
        if let Err(error) = &spent {
            tracing::warn!(error = error.name().as_str(), "the day's spend could not be read");
        }
        let is_spent = !self.daily.allows(spent)?;
        if is_spent {
            tracing::warn!(budget_usd = self.daily.usd, "the day's budget is spent; the model is not asked");
        }
        Ok(is_spent)
    }

    /// An answer that has come is used, even if its cost cannot be written down.
    async fn add(&self, usd: f64) {
        let now = (self.clock)();
        let (day, _) = day_and_hour(now);
        if let Err(error) = self.ledger.add(&day, usd, now + KEPT_SECONDS).await {
            tracing::warn!(error = error.name().as_str(), usd, "the day's spend could not be added to");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    };

    use tokio::task::JoinSet;
    use warden_core::{budget::LedgerDown, fake::FakeModel, ports::ModelAnswer};

    use super::*;

    const UNAVAILABLE: fn() -> Error =
        || Error::ServiceUnavailable { action: "dynamodb:GetItem", code: "503".to_owned() };

    /// A day's sum, in millionths of a dollar.
    #[derive(Debug, Default)]
    struct Day {
        micros: AtomicU64,
        told: Mutex<Vec<String>>,
        is_down: bool,
    }

    impl SpendRecords for &Day {
        async fn spent(&self, day: &str) -> Result<f64, Error> {
            assert_eq!(day, "2026-11-27");
            if self.is_down {
                return Err(UNAVAILABLE());
            }
            Ok(f64::from(u32::try_from(self.micros.load(Ordering::SeqCst)).unwrap()) / 1e6)
        }

        async fn add(&self, _: &str, usd: f64, _: i64) -> Result<(), Error> {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dollars")]
            self.micros.fetch_add((usd * 1e6).round() as u64, Ordering::SeqCst);
            if self.is_down { Err(UNAVAILABLE()) } else { Ok(()) }
        }

        async fn tell(&self, _: &str, hour: &str) -> Result<bool, Error> {
            if self.is_down {
                return Err(UNAVAILABLE());
            }
            let mut told = self.told.lock().unwrap();
            let first = !told.iter().any(|known| known == hour);
            told.extend(first.then(|| hour.to_owned()));
            Ok(first)
        }
    }

    /// 2026-11-27T03:00:00Z
    const NOW: i64 = 1_795_748_400;

    fn budgeted<M>(models: M, day: &Day, usd: f64, ledger_down: LedgerDown) -> Budgeted<M, &Day> {
        let daily = DailyBudget { usd, ledger_down };
        // 1,600 tokens in and 20 out are a cent.
        let prices = TokenPrices { input: 6.0, output: 20.0 };
        Budgeted { models, budget: Some(Budget { daily, prices, ledger: day, clock: || NOW }) }
    }

    fn call() -> ModelCall<'static> {
        ModelCall { model_id: "m", body: b"{}".to_vec(), request_metadata: None }
    }

    #[tokio::test]
    async fn a_model_is_asked_until_the_days_budget_is_spent() {
        let day = Day::default();
        let models = budgeted(FakeModel::saying("yes"), &day, 0.03, LedgerDown::Judge);
        for _ in 0..3 {
            assert!(matches!(models.invoke(call()).await, Ok(ModelReply::Answer(_))));
        }
        assert_eq!(models.invoke(call()).await, Ok(ModelReply::OverBudget));
        assert_eq!(models.models.asked().len(), 3);
        // Whether anybody hears of it is not known here.
        assert!(day.told.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn one_alert_an_hour_tells_that_the_budget_is_spent() {
        let day = Day::default();
        let at = |clock| SpentNotices { ledger: &day, clock };
        assert!(at(|| NOW).claim_hour().await);
        assert!(!at(|| NOW + 3_599).claim_hour().await);
        assert!(at(|| NOW + 3_600).claim_hour().await);
        // What cannot be written down is reported twice rather than not at all.
        let down = Day { is_down: true, ..Day::default() };
        for _ in 0..2 {
            assert!(SpentNotices { ledger: &down, clock: || NOW }.claim_hour().await);
        }
    }

    #[tokio::test]
    async fn without_the_ledger_a_setting_decides() {
        let day = Day { is_down: true, ..Day::default() };
        let judging = budgeted(FakeModel::saying("yes"), &day, 0.03, LedgerDown::Judge);
        assert!(matches!(judging.invoke(call()).await, Ok(ModelReply::Answer(_))));
        let holding = budgeted(FakeModel::saying("yes"), &day, 0.03, LedgerDown::Hold);
        assert_eq!(holding.invoke(call()).await, Err(UNAVAILABLE()));
        assert!(holding.models.asked().is_empty());
    }

    /// A model that answers once as many are under way as come at once, or nobody else comes.
    struct Slow {
        asked: AtomicUsize,
        under_way: AtomicUsize,
        most_under_way: AtomicUsize,
    }

    impl Models for &Slow {
        async fn invoke(&self, _: ModelCall<'_>) -> Result<ModelReply, Error> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_under_way.fetch_max(under_way, Ordering::SeqCst);
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            let body = r#"{"content": [], "usage": {"input_tokens": 1600, "output_tokens": 20}}"#;
            Ok(ModelReply::Answer(ModelAnswer { body: body.into(), latency_ms: 1 }))
        }
    }

    #[tokio::test]
    async fn two_hundred_at_once_overspend_by_at_most_what_was_under_way() {
        let day = Day { micros: AtomicU64::new(9_950_000), ..Day::default() };
        let slow = Slow { asked: 0.into(), under_way: 0.into(), most_under_way: 0.into() };
        let (day, slow): (&'static Day, &'static Slow) = (Box::leak(Box::new(day)), Box::leak(Box::new(slow)));
        let models: &'static _ = Box::leak(Box::new(budgeted(slow, day, 10.0, LedgerDown::Judge)));
        // They come a few at a time, so that some find the sum as earlier ones left it.
        let mut uploads = JoinSet::new();
        for at in 0..200 {
            uploads.spawn(async move {
                for _ in 0..at / 10 {
                    tokio::task::yield_now().await;
                }
                matches!(models.invoke(call()).await, Ok(ModelReply::Answer(_)))
            });
        }
        let answered = uploads.join_all().await.into_iter().filter(|answered| *answered).count();
        let spent = day.micros.load(Ordering::SeqCst);
        assert_eq!((slow.asked.load(Ordering::SeqCst), spent), (answered, 9_950_000 + 10_000 * answered as u64));
        let most_under_way = slow.most_under_way.load(Ordering::SeqCst) as u64;
        assert!((10_000_000..=10_000_000 + 10_000 * most_under_way).contains(&spent), "{spent} {most_under_way}");
        assert!((10..190).contains(&answered), "{answered} were asked");
    }
}
