//! Choices of a session: those it was begun with and those its buyer made since, read from its history; and how a choice
//! is checked and sealed before it becomes one.

use daegeum_engine::card::{CardChoice, CardOffer, Installments};
use daegeum_engine::command::Choice;
use daegeum_engine::easy_pay::EasyPay;
use daegeum_engine::event::{BuyerChose, CardChosen, PaymentEvent, SessionOpened};
use daegeum_engine::method::Method;
use daegeum_engine::money::Money;
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::sealed::{RetentionClass, Sealed};

use super::answer;
use crate::app::App;
use crate::gateway::Customer;
use crate::http::Problem;

/// What is known of how the buyer means to pay.
#[derive(Default)]
pub struct BuyerChoice {
    /// Through which method.
    pub method: Option<Method>,
    /// What of a card payment they decided before the window opens.
    pub card: CardChoice,
    /// Where their browser comes back to.
    pub redirect_url: Option<Box<str>>,
    /// Where they are sent if they did not pay, if elsewhere.
    pub failure_url: Option<Box<str>>,
    /// The contact data.
    pub buyer: Option<Sealed>,
    /// Whether that is hidden for good.
    erased: bool,
}

impl BuyerChoice {
    /// Of the payment's session, the buyer's own choice over what it was begun with; nothing if it has none.
    pub fn of(app: &App, payment: &AnyPayment) -> Result<Option<Self>, Problem> {
        let core = payment.core();
        let Some(found) = app.reader.payment(core.id).map_err(answer::stored)? else {
            return Ok(None);
        };
        // A session is opened by the record that begins its payment; the choice is marked.
        let records = [found.first_record, found.marks.chosen];
        let mut said: Option<Self> = None;
        for record in records.into_iter().filter(|record| *record != 0) {
            let events = app.reader.events_in(record, core.id);
            for event in events.map_err(answer::stored)? {
                match event {
                    PaymentEvent::SessionOpened(opened) => {
                        said = Some(Self::opened(opened, core.erased));
                    }
                    PaymentEvent::BuyerChose(chose) => {
                        said = Some(said.unwrap_or_default().chose(chose));
                    }
                    PaymentEvent::CardChosen(chosen) => {
                        let card = card(&chosen);
                        said = Some(Self {
                            card,
                            ..said.unwrap_or_default()
                        });
                    }
                    PaymentEvent::FailureUrlGiven(given) => {
                        let failure_url = Some(given.url);
                        said = Some(Self {
                            failure_url,
                            ..said.unwrap_or_default()
                        });
                    }
                    PaymentEvent::PaymentInitiated(_)
                    | PaymentEvent::PaymentPrepared(_)
                    | PaymentEvent::PaymentAuthorized(_)
                    | PaymentEvent::PaymentCaptured(_)
                    | PaymentEvent::PaymentFailed(_)
                    | PaymentEvent::PaymentCanceled(_)
                    | PaymentEvent::PaymentExpired(_)
                    | PaymentEvent::PaymentVoided(_)
                    | PaymentEvent::PaymentMismatched(_)
                    | PaymentEvent::PaymentOrphaned(_)
                    | PaymentEvent::SuspendedMoneyTaken(_)
                    | PaymentEvent::SuspendedMoneyReturned(_)
                    | PaymentEvent::OperationIntended(_)
                    | PaymentEvent::OperationUnanswered(_)
                    | PaymentEvent::ProviderConfirmed(_)
                    | PaymentEvent::ProviderRefused(_)
                    | PaymentEvent::WebhookReceived(_)
                    | PaymentEvent::PersonDecided(_)
                    | PaymentEvent::PersonalDataErased(_)
                    | PaymentEvent::BuyerReturned(_)
                    | PaymentEvent::GatewayCalled(_)
                    | PaymentEvent::HintFollowed(_)
                    | PaymentEvent::DepositAwaited(_)
                    | PaymentEvent::RefundRequested(_)
                    | PaymentEvent::PaymentRefunded(_)
                    | PaymentEvent::RefundFailed(_)
                    | PaymentEvent::GatewayDisagreed(_)
                    | PaymentEvent::GatewayAgreed(_)
                    | PaymentEvent::DisagreementAccepted(_)
                    | PaymentEvent::PaymentMethodKnown(_)
                    | PaymentEvent::InquiryWanted(_)
                    | PaymentEvent::InquirySettled(_)
                    | PaymentEvent::ConsentGiven(_)
                    | PaymentEvent::EasyPayKnown(_)
                    | PaymentEvent::SlipKnown(_)
                    | PaymentEvent::RefundAskedFor(_) => {}
                }
            }
        }
        Ok(said)
    }

    fn opened(opened: SessionOpened, erased: bool) -> Self {
        Self {
            method: method(opened.method.as_deref()),
            card: CardChoice::default(),
            redirect_url: opened.redirect_url,
            failure_url: None,
            buyer: opened.buyer,
            erased,
        }
    }

    /// With the buyer's own choice over it. A method said anew is said with its wallet and instalments, which follow it.
    fn chose(self, chose: BuyerChose) -> Self {
        let method = method(chose.method.as_deref());
        Self {
            card: if method.is_some() {
                CardChoice::default()
            } else {
                self.card
            },
            method: method.or(self.method),
            buyer: chose.buyer.or(self.buyer),
            ..self
        }
    }

    /// With what may be handed on to another session.
    pub fn handed_on(self, offer: &CardOffer, amount: Money) -> Self {
        let buyer = self.buyer.filter(|_| !self.erased);
        // The settings may be others by now, and so may the gateway.
        let card = Some(self.card).filter(|card| offer.takes(*card, amount).is_ok());
        let card = card.unwrap_or_default();
        Self {
            card,
            buyer,
            ..self
        }
    }

    /// Who the buyer says they are, while the key of that day exists and nobody had them forgotten.
    pub fn customer(&self, app: &App) -> Option<Customer> {
        if self.erased {
            return None;
        }
        let plain = app.seals.open(self.buyer.as_ref()?)?;
        serde_json::from_str(&plain).ok()
    }

    /// Whether this choice says nothing that has not been said.
    pub fn has(&self, app: &App, chosen: &Chosen) -> bool {
        let same_method =
            chosen.method.is_none() || (chosen.method == self.method && chosen.card == self.card);
        let customer = chosen.customer.as_ref();
        same_method && customer.is_none_or(|said| self.knows(app, said))
    }

    /// What cannot be read any more is taken for known: of somebody who was forgotten nothing new is noted.
    fn knows(&self, app: &App, customer: &Customer) -> bool {
        match self.customer(app) {
            Some(known) => known == *customer,
            None => self.erased || self.buyer.is_some(),
        }
    }
}

fn method(name: Option<&str>) -> Option<Method> {
    name.and_then(Method::from_name)
}

fn card(chosen: &CardChosen) -> CardChoice {
    CardChoice {
        easy_pay: chosen.easy_pay.as_deref().and_then(EasyPay::from_name),
        installments: chosen.installments.and_then(Installments::new),
    }
}

/// What a request says of it, checked.
pub struct Chosen {
    /// Through which method.
    pub method: Option<Method>,
    /// What of a card payment is decided; only with that method.
    pub card: CardChoice,
    /// Who the buyer says they are.
    pub customer: Option<Customer>,
}

impl Chosen {
    /// As a command carries it; nothing if nothing was said.
    pub fn seal(&self, app: &App) -> Result<Option<Choice>, Problem> {
        if self.method.is_none() && self.customer.is_none() {
            return Ok(None);
        }
        let buyer = self.customer.as_ref().map(|customer| seal(app, customer));
        Ok(Some(Choice {
            method: self.method,
            card: self.card,
            buyer: buyer.transpose()?,
        }))
    }
}

fn seal(app: &App, customer: &Customer) -> Result<Sealed, Problem> {
    let plain = serde_json::to_vec(customer).map_err(Problem::internal)?;
    app.seals.seal(RetentionClass::Buyer, &plain, app.now())
}
