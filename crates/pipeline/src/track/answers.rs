//! Answers to STOP, START, HELP, and to words that may have meant a stop.
//!
//! What is to be answered was committed with the text that came in. Here an event is made of
//! it, whose key is that of the text: asked for twice, or by two nodes, it is answered once.
//! The answer is a message like any other; who is unknown gets a mailbox for it.

use std::time::Duration;

use model::{Answer, ContactPoint, Customer, Mode, Sealed, Span};
use serde_json::json;
use store::DueAnswer;
use tokio_util::sync::CancellationToken;

use crate::Pipeline;
use crate::accept::{AcceptError, AsOf, EventAnswer, OWN_SOURCES, RawEvent, Submission};

/// So many are answered together.
const BATCH: usize = 100;
/// What another node left, or a full store refused, is looked for so often.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// One answer to HELP, and to doubtful words, in so long: two machines that answer each other
/// must not do so for ever.
const PATIENCE: Span = Span::hours(1);

/// The task that answers.
pub struct Answers {
    pub(super) pipeline: Pipeline,
    /// The carrier whose texts are test traffic.
    test_carrier: &'static str,
}

impl Answers {
    /// Answers for a pipeline; what comes over `test_carrier` is test traffic.
    pub fn new(pipeline: Pipeline, test_carrier: &'static str) -> Self {
        Self {
            pipeline,
            test_carrier,
        }
    }

    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.answer_due().await {
                tracing::warn!(%error, "texts could not be answered; trying again");
            }
            if let Err(error) = self.tell_old_addresses().await {
                tracing::warn!(%error, "old addresses could not be told; trying again");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.pipeline.asked().notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    async fn answer_due(&self) -> Result<(), AcceptError> {
        loop {
            let due = self.pipeline.store().due_answers(BATCH).await?;
            if due.is_empty() {
                return Ok(());
            }
            for one in &due {
                self.answer(one).await?;
            }
            let ids = due.iter().map(|one| one.id).collect();
            self.pipeline.store().answered(ids).await?;
        }
    }

    async fn answer(&self, due: &DueAnswer) -> Result<(), AcceptError> {
        let event = json!({
            "specversion": "1.0",
            "id": self.id_of(due),
            "source": format!("{OWN_SOURCES}texts"),
            "type": type_of(due.answer),
            "subject": self.recipient(due).await?,
            "time": due.received_at,
            "data": {},
        });
        let submission = Submission {
            mode: match due.carrier == self.test_carrier {
                true => Mode::Test,
                false => Mode::Live,
            },
            as_of: AsOf::Now,
            own: true,
        };
        let answers = self
            .pipeline
            .accept(vec![RawEvent::Value(event)], submission)
            .await?;
        for answer in answers {
            match answer {
                EventAnswer::Accepted { .. } | EventAnswer::Duplicate { .. } => {}
                EventAnswer::Failed { reason, .. } => {
                    tracing::error!(inbound.id = %due.id, %reason, "a text could not be answered");
                }
                EventAnswer::Rejected { reason } => {
                    tracing::error!(inbound.id = %due.id, reason, "a text could not be answered");
                }
            }
        }
        Ok(())
    }

    fn id_of(&self, due: &DueAnswer) -> String {
        match due.answer {
            Answer::Stopped | Answer::Started => due.id.to_string(),
            Answer::Help | Answer::Asked => {
                let digest = self.pipeline.store().digest(&due.from);
                let turn = due.received_at.as_micros() / PATIENCE.as_micros();
                format!("{}:{digest:016x}:{turn}", due.answer)
            }
        }
    }

    /// Whose mailbox the answer stands in: the first customer with the number; or a visitor,
    /// who is made.
    async fn recipient(&self, due: &DueAnswer) -> store::Result<String> {
        let store = self.pipeline.store();
        let known = store.customers_with(due.from.clone()).await?;
        if let Some(customer) = known.into_iter().next() {
            return Ok(customer);
        }
        let visitor = visitor(&due.from, store.digest(&due.from));
        let id = visitor.id.clone();
        store.put_customers(vec![visitor], due.received_at).await?;
        Ok(id)
    }
}

/// Somebody who is known by an address only.
fn visitor(phone: &ContactPoint, digest: i64) -> Customer {
    Customer {
        id: format!("visitor:{digest:016x}"),
        name: Sealed::new(""),
        locale: "en".into(),
        time_zone: "UTC".into(),
        country: String::new(),
        region: String::new(),
        quiet_hours: None,
        phone: Some(phone.clone()),
        email: None,
        consents: Vec::new(),
        preferences: Vec::new(),
        chosen: model::Chosen::default(),
    }
}

const fn type_of(answer: Answer) -> &'static str {
    match answer {
        Answer::Stopped => "consent.texts_stopped",
        Answer::Started => "consent.texts_started",
        Answer::Help => "consent.texts_help",
        Answer::Asked => "consent.texts_asked",
    }
}
