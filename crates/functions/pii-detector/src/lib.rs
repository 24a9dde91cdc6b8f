//! Judges whether an image on S3 holds personal data.

mod deadline;
mod floor;
mod known;
mod mask;

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use warden_core::{
    Error,
    audit::{self, Action, CleanCopy, Handling, JudgeDocuments, NotTried, Tag},
    backfill,
    bedrock::{Answer, AskedModel, Usage, answer::Unusable},
    fields::RequestFields,
    hashed::{Hashed, checksum_of_s3, digest},
    image::{self, ImageFormat, MAX_IMAGE_BYTES, TokenBudget, Unreadable},
    intake::{Frames, Intake, read_image},
    pii::{
        self, Detection, Enough, Finding, Floor, JudgedObject, Judgement, ModelUse, OnDisagreement, Policy, Reason,
        Verdict,
    },
    ports::{
        LedgerRecords, Lookup, ModelAnswer, ModelReply, Models, ObjectBody, ObjectFacts, ObjectRef, ObjectStore,
        ObjectWriter, OpenObject, SpendRecords,
    },
    threat::ThreatLevel,
};
use warden_lambda::{budget::SpentNotices, metrics};
use warden_raster::{Shown, View};

use crate::deadline::Deadline;
use floor::{Looked, Trouble};
pub use floor::{Reader, TextReader};
pub use known::KnownVerdicts;

/// Most time for what is known of an image's bytes, and as much for keeping it: without it the model is asked.
/// As much for whether an alert has told that the day's budget is spent.
const TIME_FOR_LEDGER: Duration = Duration::from_secs(5);

/// What the function needs, made once at start.
pub struct PiiDetector<S, M, L> {
    /// Where images are read from.
    pub store: S,
    /// The model that judges it.
    pub model: AskedModel<M>,
    /// Most tokens of an image that must be scaled or cut up.
    pub token_budget: TokenBudget,
    /// Which findings count.
    pub policy: Policy,
    /// What is done with documents.
    pub documents: JudgeDocuments,
    /// What is read in code.
    pub reader: Reader,
    /// What is said where code and the model disagree.
    pub on_disagreement: OnDisagreement,
    /// Where copies go in which what was found is covered.
    pub clean_bucket: Option<String>,
    /// Time for one object, which reading it, its text and the model share.
    pub time: Duration,
    /// Verdicts on bytes that were judged before, where they answer for the same bytes.
    pub verdicts: Option<KnownVerdicts<L>>,
    /// Which alert tells that the day's budget is spent; without it each does.
    pub notices: Option<SpentNotices<L>>,
}

/// What the function answers.
#[derive(Serialize)]
struct Judged {
    #[serde(flatten)]
    detection: Detection,
    /// What the policy wants done to the object.
    action: Action,
    /// Why it does not want what is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_tried: Option<NotTried>,
    /// How bad it is at least, where that is less than personal data is.
    #[serde(skip_serializing_if = "Option::is_none")]
    threat_level: Option<ThreatLevel>,
    /// Whether somebody was told within the hour that the day's budget is spent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    told_before: bool,
    /// What the object's tags are to be replaced by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag>,
    /// What S3 has to tell of a copy that is whole: the SHA-256, where every byte was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    /// The copy in which what was found is covered.
    #[serde(skip_serializing_if = "Option::is_none")]
    clean_copy: Option<CleanCopy>,
}

struct Request {
    object: ObjectRef,
    claims_image: bool,
    output: Output,
    handling: Handling,
    /// Whether the report of a backfill tells of it, and nobody hears its alert.
    is_gathered: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Full,
    Boolean,
}

impl Request {
    fn read(event: &Value) -> Result<Self, Error> {
        let fields = RequestFields::of(event)?;
        let key = fields.key("s3_key")?;
        let hint = fields.optional("media_type")?;
        let handling = fields.optional("handling")?.map_or(Ok(Handling::default()), Handling::read)?;
        let only_looks = match fields.optional("action")? {
            None => false,
            Some("none") => true,
            Some(_) => return Err(Error::invalid("action", "is not \"none\"")),
        };
        Ok(Self {
            object: ObjectRef {
                bucket: fields.required("s3_bucket")?.to_owned(),
                key: key.to_owned(),
                version: fields.optional("s3_version_id")?.map(str::to_owned),
            },
            claims_image: image::media_type_of_key(key).is_some()
                || audit::is_document(key)
                || hint.is_some_and(|hint| hint.starts_with("image/") || hint == ImageFormat::Pdf.media_type()),
            output: match fields.optional("output")? {
                None | Some("full") => Output::Full,
                Some("boolean") => Output::Boolean,
                Some(_) => return Err(Error::invalid("output", "is neither \"full\" nor \"boolean\"")),
            },
            handling: if only_looks { handling.doing_nothing() } else { handling },
            is_gathered: fields.optional(backfill::MEMBER)?.is_some(),
        })
    }
}

impl<S: ObjectStore + ObjectWriter, M: Models, L: LedgerRecords + SpendRecords> PiiDetector<S, M, L> {
    /// Judges the object that `event` names: the whole [`Detection`] with the
    /// [`Action`] that the event's `handling` wants ([`Handling::read`]), which is none for `action: "none"`, or for
    /// `output: "boolean"` the text `"true"` or `"false"`.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] before anything is called; those of the store
    /// and the model; [`Error::Undetermined`] when a boolean was asked for and
    /// nobody can tell.
    pub async fn handle(&self, event: Value) -> Result<Value, Error> {
        let Request { object, claims_image, output, handling, is_gathered } = Request::read(&event)?;
        // Large, and awaited once a call: on the heap.
        let until = Deadline::within(self.time);
        let enough = handling.enough(&object.key);
        let detection = Box::pin(self.detect(object, claims_image, enough, until)).await?;
        log_decision(&detection);
        metrics::verdict(detection.verdict, detection.reason);
        match output {
            Output::Full => {
                let judged = Box::pin(self.decide(detection, &handling, until)).await?;
                let is_heard = judged.detection.reason == Some(Reason::Budget) && !is_gathered;
                // Last of all: what fails after it would be told to nobody.
                let told_before = is_heard && Box::pin(self.told_before(until)).await;
                let judged = Judged { told_before, ..judged };
                serde_json::to_value(judged)
                    .map_err(|error| Error::Internal { problem: format!("the verdict is not JSON: {error}") })
            }
            Output::Boolean => boolean(&detection),
        }
    }

    /// Whether somebody was told within the hour that the day's budget is spent. If not, the alert of this object tells it.
    async fn told_before(&self, until: Deadline) -> bool {
        let Some(notices) = &self.notices else { return false };
        !until.or_within(TIME_FOR_LEDGER).of(notices.claim_hour()).await.unwrap_or(true)
    }

    /// What is to be done with what was judged.
    async fn decide(&self, mut detection: Detection, handling: &Handling, until: Deadline) -> Result<Judged, Error> {
        let wanted = self.documents.allowed(handling.wanted(&detection, &self.policy), &detection);
        let (action, mut not_tried, tags) = match wanted {
            Action::Quarantine if !Handling::can_copy(detection.object.size) => {
                (Action::None, Some(NotTried::TooLargeToCopy), Vec::new())
            }
            Action::Tag => {
                let JudgedObject { bucket, key, version, .. } = detection.object.clone();
                match self.store.tags(&ObjectRef { bucket, key, version }).await {
                    Ok(found) => match Handling::tagged(detection.verdict, found) {
                        Some(tags) => (Action::Tag, None, tags),
                        None => (Action::None, Some(NotTried::TooManyTags), Vec::new()),
                    },
                    Err(passing @ Error::StoreUnavailable { .. }) => return Err(passing),
                    // Nothing else would tell of it.
                    Err(error) if matches!(detection.verdict, Verdict::Clean | Verdict::NotImage) => return Err(error),
                    // What was found is told all the same: a model was paid for it.
                    Err(error) => {
                        tracing::warn!(error = error.name().as_str(), "the object's tags could not be read");
                        (Action::None, Some(NotTried::TagsUnreadable), Vec::new())
                    }
                }
            }
            action => (action, None, Vec::new()),
        };
        let to_copy = detection.object.sha256.as_deref().filter(|_| action == Action::Quarantine);
        let checksum = to_copy.and_then(checksum_of_s3);
        let threat_level = handling.level(&detection, &self.policy);
        let mut clean_copy = None;
        if action == Action::Quarantine && handling.masks(&detection, &self.policy) {
            match self.mask(&mut detection, until).await {
                Ok(copy) => clean_copy = Some(copy),
                Err(why) => not_tried = Some(why),
            }
        }
        Ok(Judged { detection, action, not_tried, threat_level, told_before: false, tags, checksum, clean_copy })
    }

    /// What the object holds, as far as is `enough` for what is to be done with it.
    async fn detect(
        &self,
        object: ObjectRef,
        claims_image: bool,
        enough: Enough,
        until: Deadline,
    ) -> Result<Detection, Error> {
        let judged_by = self.judged_by(enough);
        let first = self.read(&object, claims_image, enough, &judged_by, until).await?;
        // A request takes its image with it: for the rare second one the object
        // is read anew, rather than every image kept. The verdict is about what
        // was read last.
        let (read, earlier) = match first {
            Read::Judged { judgement, asked, .. } if judgement.is_malformed() => {
                tracing::warn!(model_id = self.model.id, "asking again after a malformed answer");
                (self.read(&object, claims_image, enough, &judged_by, until).await?, asked)
            }
            first => (first, Asked::default()),
        };
        let (facts, format, metadata, judgement, asked) = match read {
            Read::Done(detection) => return Ok(*detection),
            Read::Known { facts, format, judgement } => {
                let known = Detection::judged(object, facts, format.media_type(), judgement, earlier.model);
                return Ok(Detection { judged_before: true, ..known });
            }
            Read::Judged { facts, format, metadata, floor, judgement, asked } => {
                let judgement = self.policy.apply(judgement);
                let doubtful = matches!(judgement, Judgement::Undetermined(_));
                let Looked { floor, overlooked, unread } = match floor {
                    Some(looked) => looked,
                    // Most images that hold personal data are known by now, and are not decoded.
                    None if enough.is_found(&judgement, &self.policy) => Looked::default(),
                    None => self.looked_at_anew(&object, &facts, format, until).await,
                };
                let mut judgement = self.under(floor, judgement, enough);
                if let Some(why) = unread {
                    judgement = judgement.and(Judgement::Undetermined(why.into()));
                }
                (facts, format, metadata, judgement, Asked { overlooked: overlooked || doubtful, ..asked })
            }
            Read::ToConvert { facts, format, bytes } => {
                let metadata = warden_raster::metadata(format, &bytes);
                let shown = warden_raster::views_and_read(&bytes, format, self.token_budget, self.reader.reading());
                let (judgement, asked) = match shown {
                    Ok(shown) => {
                        let looked = self.reader.look(&shown, until);
                        self.judge_views(shown, looked, enough, until).await?
                    }
                    Err(why) => (Judgement::Undetermined(why.into()), Asked::default()),
                };
                (facts, format, metadata, judgement, asked)
            }
        };
        // Each by what counts, before they are joined: a finding that does not
        // count must not turn what nobody can tell into clean.
        let metadata = self.policy.apply(Judgement::of_findings(metadata));
        let judgement = self.policy.apply(judgement).and(metadata);
        let Asked { model, overlooked } = asked.and(earlier);
        // What was not looked at may be the next time.
        let lasts = !overlooked || enough.is_found(&judgement, &self.policy);
        if let (Some((verdicts, sha256)), Some(_), true) = (self.verdicts_on(&object, &facts), &model, lasts) {
            let until = until.or_within(TIME_FOR_LEDGER);
            let _ = until.of(verdicts.keep(sha256, &judged_by, &judgement)).await;
        }
        Ok(Detection::judged(object, facts, format.media_type(), judgement, model))
    }

    /// Reads the object and, if the model reads it as it is, has it judged.
    async fn read(
        &self,
        object: &ObjectRef,
        claims_image: bool,
        enough: Enough,
        judged_by: &str,
        until: Deadline,
    ) -> Result<Read, Error> {
        let done = |detection| Ok(Read::Done(Box::new(detection)));
        let mut found = match self.store.open(object).await? {
            Lookup::Found(OpenObject { facts, body }) => OpenObject { facts, body: Hashed::new(body) },
            Lookup::Gone => return done(Detection::gone(object.clone())),
            Lookup::Sealed(seal) => {
                return done(Detection::unreadable(object.clone(), ObjectFacts::default(), seal.into(), None));
            }
        };
        let question = pii::question(self.model.max_tokens);
        let reading = read_image(&mut found, claims_image, &question, self.model.capabilities, Frames::All);
        let intake = until.of(reading).await.unwrap_or_else(|| Err(too_slow(object)))?;
        let facts = ObjectFacts { sha256: found.body.sha256(), ..found.facts };
        if let Intake::Request { format, .. } | Intake::ToConvert { format, .. } = intake
            && let Some((verdicts, sha256)) = self.verdicts_on(object, &facts)
            && let within = until.or_within(TIME_FOR_LEDGER)
            && let Some(judgement) = within.of(verdicts.of(sha256, judged_by)).await.flatten()
        {
            return Ok(Read::Known { facts, format, judgement });
        }
        match intake {
            Intake::Request { body, format, metadata, .. } => {
                // Text is read before the model is asked: what is beyond doubt saves the call.
                let floor = self.reader.text.is_some().then(|| self.reader.look_at(&body.image(), format, until));
                let decided = floor.as_ref().and_then(|looked| self.decided(&looked.floor, enough));
                let (judgement, asked) = match decided {
                    Some(decided) => (decided, Asked::default()),
                    None => self.ask(body.finish(), until).await?,
                };
                Ok(Read::Judged { facts, format, metadata, floor, judgement, asked })
            }
            Intake::ToConvert { format: ImageFormat::Pdf, .. } if self.documents == JudgeDocuments::Off => {
                done(Detection::not_image(object.clone(), facts))
            }
            Intake::ToConvert { bytes, format } => Ok(Read::ToConvert { facts, format, bytes }),
            Intake::Unreadable { why, format } => done(Detection::unreadable(object.clone(), facts, why, format)),
            Intake::NotAnImage => done(Detection::not_image(object.clone(), facts)),
        }
    }

    /// The verdicts on bytes of which the object is, if they are known and answer for it.
    fn verdicts_on<'a>(
        &'a self,
        object: &ObjectRef,
        facts: &'a ObjectFacts,
    ) -> Option<(&'a KnownVerdicts<L>, &'a str)> {
        let verdicts = self.verdicts.as_ref().filter(|_| !object.key.starts_with(pii::known::TRIALS))?;
        Some((verdicts, facts.sha256.as_deref()?))
    }

    /// The judgement that needs no model: something beyond doubt counts, and is enough for what is done.
    fn decided(&self, floor: &Floor, enough: Enough) -> Option<Judgement> {
        floor.decided(&self.policy).filter(|decided| enough.is_found(decided, &self.policy))
    }

    /// What the model's judgement becomes by what was read in code. What the day's budget holds back waits for the model,
    /// unless `enough` was found without it.
    fn under(&self, floor: Floor, model: Judgement, enough: Enough) -> Judgement {
        let over_budget = model == Judgement::Undetermined(Reason::Budget);
        let judgement = floor.under(model, &self.policy, self.on_disagreement);
        if over_budget && !enough.is_found(&judgement, &self.policy) {
            return Judgement::Undetermined(Reason::Budget);
        }
        judgement
    }

    /// All that a verdict on the same bytes depends on: model, prompt, policy, code, and how much had to be found. Empty
    /// where none is kept.
    fn judged_by(&self, enough: Enough) -> String {
        let Some(verdicts) = &self.verdicts else { return String::new() };
        let prompt = pii::question(self.model.max_tokens).text_body(self.model.capabilities);
        let reader = (self.reader.barcodes, self.reader.text.is_some());
        let policy = (&self.policy, self.on_disagreement, self.documents, self.token_budget, reader, enough);
        digest(&[self.model.id.as_bytes(), &prompt, format!("{policy:?}").as_bytes(), verdicts.code.as_bytes()])
    }

    /// What code finds in an image that the model was given as it is, and in which it saw
    /// nothing that counts. The request took the image with it: its bytes are read anew, and count
    /// if they are still the same. Trouble on the way leaves the model's word.
    async fn looked_at_anew(
        &self,
        object: &ObjectRef,
        judged: &ObjectFacts,
        format: ImageFormat,
        until: Deadline,
    ) -> Looked {
        if !self.reader.barcodes {
            return Looked::default();
        }
        let bytes =
            until.of(self.bytes(object, judged, MAX_IMAGE_BYTES)).await.unwrap_or_else(|| Err(too_slow(object)));
        match bytes {
            Ok(Some(bytes)) => self.reader.look_at(&bytes, format, until),
            Ok(None) => Looked { overlooked: true, ..Looked::default() },
            Err(error) => Looked::failed(&Trouble::NotReadAgain(error)),
        }
    }

    /// The bytes that were judged; `None` where others have taken their place, or they are more than so many.
    async fn bytes(&self, object: &ObjectRef, judged: &ObjectFacts, most: u64) -> Result<Option<Vec<u8>>, Error> {
        let version = object.version.clone().or_else(|| judged.version.clone());
        let Lookup::Found(OpenObject { facts, body }) =
            self.store.open(&ObjectRef { version, ..object.clone() }).await?
        else {
            return Ok(None);
        };
        let mut body = Hashed::new(body);
        let length = facts.size.filter(|size| *size <= most).and_then(|size| usize::try_from(size).ok());
        let mut bytes = Vec::with_capacity(length.unwrap_or_default());
        while let Some(chunk) = body.next_chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > most {
                return Ok(None);
            }
        }
        Ok((judged.sha256.is_some() && body.sha256() == judged.sha256).then_some(bytes))
    }

    /// One request for each view: an answer's places are then places in that
    /// view, a malformed one costs one view's request again, and no limit on
    /// the images or bytes of a request is in the way. Ends once `enough`
    /// is found, which no other view can undo, or was when code `looked`. What
    /// could not be shown makes the whole undetermined otherwise.
    async fn judge_views(
        &self,
        shown: Shown,
        looked: Looked,
        enough: Enough,
        until: Deadline,
    ) -> Result<(Judgement, Asked), Error> {
        let question = pii::question(self.model.max_tokens);
        let Looked { floor, overlooked, .. } = looked;
        let looked = Asked { overlooked, ..Asked::default() };
        if let Some(decided) = self.decided(&floor, enough) {
            return Ok((decided, looked));
        }
        let under = |judgement| self.under(floor.clone(), judgement, enough);
        let (mut so_far, mut asked) = (Judgement::Clean(Vec::new()), looked);
        for View { image, format, area, whole, page } in shown.views {
            let body = || {
                let mut body = question.image_body(self.model.capabilities, format.media_type(), image.len());
                body.push(&image);
                body.finish()
            };
            let (mut judgement, of_view) = self.ask(body(), until).await?;
            asked = asked.and(of_view);
            if judgement.is_malformed() {
                let (second, of_view) = self.ask(body(), until).await?;
                judgement = second;
                asked = asked.and(of_view);
            }
            asked.overlooked |= matches!(judgement, Judgement::Undetermined(_));
            // Whatever the views before came to, all of it is judged again.
            if judgement == Judgement::Undetermined(Reason::Budget) {
                return Ok((under(judgement), asked));
            }
            so_far = so_far.and(self.policy.apply(judgement.within(area, whole, page)));
            if matches!(so_far, Judgement::Pii(_)) {
                let found = under(so_far.clone());
                if enough.is_found(&found, &self.policy) {
                    return Ok((found, asked));
                }
            }
        }
        if let Some(why) = shown.unread {
            asked.overlooked = true;
            so_far = so_far.and(Judgement::Undetermined(why.into()));
        }
        Ok((under(so_far), asked))
    }

    async fn ask(&self, body: Vec<u8>, until: Deadline) -> Result<(Judgement, Asked), Error> {
        let over = || Error::ModelTimeout { code: "the function's own time is over".into() };
        let reply = until.of(self.model.ask(body)).await.unwrap_or_else(|| Err(over()))?;
        Ok(match reply {
            // A request of one image and a short question: what is too long is the image.
            ModelReply::ImageRejected | ModelReply::TooLong => {
                (Judgement::Undetermined(Reason::ImageRejected), Asked::default())
            }
            ModelReply::OverBudget => (Judgement::Undetermined(Reason::Budget), Asked::default()),
            ModelReply::Answer(ModelAnswer { body, latency_ms }) => {
                let (judgement, usage) = match Answer::parse(&body) {
                    Ok(answer) => (pii::judge(&answer), answer.usage),
                    Err(_) => (Judgement::Undetermined(Unusable::Malformed.into()), Usage::default()),
                };
                metrics::model_answer(&self.model.id, usage, latency_ms);
                let model = ModelUse { id: self.model.id.clone(), usage, latency_ms };
                (judgement, Asked { model: Some(model), ..Asked::default() })
            }
        })
    }
}

fn too_slow(object: &ObjectRef) -> Error {
    Error::StoreUnavailable { code: "it sent too slowly".into(), what: object.to_string() }
}

/// What became of an object that was read once.
enum Read {
    /// Nothing is left to ask.
    Done(Box<Detection>),
    /// The model judged it, or what is beyond doubt.
    Judged {
        facts: ObjectFacts,
        format: ImageFormat,
        metadata: Vec<Finding>,
        /// What code found, if it has looked.
        floor: Option<Looked>,
        judgement: Judgement,
        asked: Asked,
    },
    /// The same bytes were judged before.
    Known { facts: ObjectFacts, format: ImageFormat, judgement: Judgement },
    /// No model reads it as it is.
    ToConvert { facts: ObjectFacts, format: ImageFormat, bytes: Vec<u8> },
}

/// What came of asking beside the judgement.
#[derive(Default)]
struct Asked {
    /// What the calls cost together, where there were any.
    model: Option<ModelUse>,
    /// Whether something that is read in code could not be looked at.
    overlooked: bool,
}

impl Asked {
    fn and(self, other: Self) -> Self {
        let model = match (self.model, other.model) {
            (Some(one), Some(other)) => Some(one.plus(&other)),
            (one, other) => one.or(other),
        };
        Self { model, overlooked: self.overlooked || other.overlooked }
    }
}

fn boolean(detection: &Detection) -> Result<Value, Error> {
    match detection.verdict {
        Verdict::Pii => Ok(Value::from("true")),
        Verdict::Clean => Ok(Value::from("false")),
        Verdict::Undetermined => {
            Err(Error::Undetermined { reason: detection.reason.map_or("undetermined", Reason::as_str) })
        }
        Verdict::NotImage => Err(Error::Undetermined { reason: Unreadable::NotAnImage.as_str() }),
        Verdict::Gone => Err(Error::ObjectNotFound { what: "the object or its version".into() }),
    }
}

/// One line per decision. A key may name a person, so it stays out; the
/// version tells which object it was.
fn log_decision(detection: &Detection) {
    let model = detection.model.as_ref();
    tracing::info!(
        verdict = detection.verdict.as_str(),
        reason = detection.reason.map(Reason::as_str),
        findings = detection.findings.len(),
        bucket = detection.object.bucket,
        version = detection.object.version,
        etag = detection.object.etag,
        size_bytes = detection.object.size,
        media_type = detection.object.media_type,
        model_id = model.map(|model| model.id.as_str()),
        input_tokens = model.map(|model| model.usage.input_tokens),
        output_tokens = model.map(|model| model.usage.output_tokens),
        latency_ms = model.map(|model| model.latency_ms),
        judged_before = detection.judged_before,
        "image judged"
    );
}

#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod tests;
