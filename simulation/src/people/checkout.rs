//! A buyer's checkout through Toss: a session, its window in one tab or two, the buyer's actions there and on the way
//! back, and later actions of the bank and in the shop's dashboard.

use daegeum_sandbox::toss::{Amount, CancelRequest, OpenWindow, RefundReceiveAccount};
use http::Method;
use serde_json::{Value, json};

use super::shopping::Story;
use crate::caller::{Answer, Caller};
use crate::secrets;

/// How often a browser tries.
const PATIENCE: u32 = 5;
const SESSIONS: &str = "/api/v1/payments/sessions";
/// Where the shop wants a buyer who did not pay.
const FAILED: &str = "https://shop.example/no";
const CONFIRM: &str = "/api/v1/payments/confirm";

/// A checkout that was opened.
#[derive(Clone)]
struct BuyerVisit {
    story: Story,
    /// The holder of the session's token.
    holder: Caller,
    /// When that token ends.
    ends_ms: i64,
    session: String,
    payment: String,
    account: bool,
}

/// Pays for the story's order, or does not.
pub async fn check_out(story: &Story, attempt: u64) {
    let Some(checkout) = open(story, attempt).await else {
        return;
    };
    if story.town.dice.one_in(6) {
        let other = checkout.clone();
        story.town.send_out(async move { other.tab().await });
    }
    checkout.tab().await;
    checkout.look().await;
    if story.town.dice.one_in(5) {
        checkout.think_again(attempt).await;
    }
}

async fn open(story: &Story, attempt: u64) -> Option<BuyerVisit> {
    let dice = &story.town.dice;
    let account = dice.one_in(6);
    // The window lets a buyer choose a method that the shop did not offer.
    let method = *dice.pick(&["card", "card", "transfer"]);
    let mut body = json!({ "order_id": story.order_id, "provider": "TOSS", "method": method });
    if dice.one_in(2) {
        say_who(story, &mut body);
    }
    if dice.one_in(4) {
        body["failure_redirect_url"] = FAILED.into();
    }
    let opener = if dice.one_in(2) {
        &story.buyer
    } else {
        &story.merchant
    };
    let key = format!("session-{}-{attempt}", story.order_id);
    let opened = opener.keyed(PATIENCE, SESSIONS, &key, Some(&body)).await?;
    if opened.status != 201 {
        return None;
    }
    if opened.json["amount"] != story.total {
        story
            .town
            .violated(|| format!("a session is not about its order's total: {}", opened.json));
    }
    Some(BuyerVisit::of(story, &opened, account))
}

/// What a buyer chooses.
const CHOICES: [fn() -> Value; 5] = [
    || json!({ "method": "card" }),
    || json!({ "method": "card" }),
    || json!({ "method": "transfer" }),
    || json!({ "method": "card", "easy_pay": "kakaopay" }),
    || json!({ "method": "card", "installments": 0 }),
];

/// Who the buyer says they are.
fn say_who(story: &Story, body: &mut Value) {
    body["buyer_name"] = secrets::personal(&story.buyer_name, "김하나").into();
    let mail = secrets::personal(&story.buyer_name, "mail");
    body["buyer_email"] = format!("{mail}@example.com").into();
}

/// What the buyer agrees to, in the shop's own words.
fn agree(body: &mut Value) {
    let to = |consent: &str| json!({ "consent": consent, "text_hash": "c0".repeat(32), "version": "2026-11" });
    body["consents"] = json!([to("purchase"), to("personal_data")]);
}

impl BuyerVisit {
    fn of(story: &Story, opened: &Answer, account: bool) -> Self {
        Self {
            holder: story.buyer.carrying(opened.text("session_token")),
            ends_ms: ends_ms(opened.text("session_token")),
            session: opened.text("session_id").to_owned(),
            payment: opened.text("payment_id").to_owned(),
            story: story.clone(),
            account,
        }
    }

    /// The same order once more, by the token that the browser has.
    async fn think_again(&self, attempt: u64) {
        let body = json!({ "order_id": self.story.order_id, "method": "mobile" });
        let key = format!("again-{}-{attempt}", self.session);
        let opened = self
            .holder
            .keyed(PATIENCE, SESSIONS, &key, Some(&body))
            .await;
        let Some(opened) = opened.filter(|opened| opened.status == 201) else {
            return;
        };
        if opened.json["amount"] != self.story.total || opened.text("payment_id") == self.payment {
            let said = &opened.json;
            self.story.town.violated(|| {
                format!("beginning again is not another payment of the order: {said}")
            });
        }
        Self::of(&self.story, &opened, false).tab().await;
    }

    /// Asks for what the window needs, with what the buyer chooses now, if anything. Whether the window can be opened.
    async fn prepare(&self) -> Option<Value> {
        let dice = &self.story.town.dice;
        let path = format!("{SESSIONS}/{}/prepare", self.session);
        let mut choice = dice.pick(&CHOICES)();
        if dice.one_in(2) {
            say_who(&self.story, &mut choice);
        }
        let choice = dice.one_in(2).then_some(choice);
        let mut said = choice.clone();
        if dice.one_in(2) {
            agree(said.get_or_insert_with(|| json!({})));
        }
        let prepared = self
            .holder
            .until_answered(PATIENCE, Method::POST, &path, &[], said.as_ref())
            .await;
        match prepared {
            Some(prepared) if prepared.status == 200 && self.story.total == 0 => {
                self.is_given(&prepared);
                None
            }
            Some(prepared) if prepared.status == 200 => {
                let method = choice.map(|choice| choice["method"].clone());
                let shown = &prepared.json["window"]["method"];
                if method.is_some_and(|method| {
                    !shown
                        .as_str()
                        .unwrap_or_default()
                        .eq_ignore_ascii_case(method.as_str().unwrap_or_default())
                }) {
                    self.story.town.violated(|| {
                        format!("the window is not for what was chosen: {}", prepared.json)
                    });
                }
                Some(prepared.json["window"]["card"].clone())
            }
            // Another tab chose something else; its window, if there is one, serves this buyer as well.
            Some(prepared) if prepared.text("code") == "SESSION_PREPARED" => {
                (self.story.total > 0).then_some(Value::Null)
            }
            Some(_) | None => None,
        }
    }

    /// A free order is paid when it is prepared, and has no window.
    fn is_given(&self, prepared: &Answer) {
        if !prepared.json["window"].is_null() {
            self.story
                .town
                .violated(|| format!("there is something to pay for: {}", prepared.json));
        }
    }

    /// One browser tab, from preparing to the end of its buyer's patience.
    async fn tab(&self) {
        let (town, dice) = (&self.story.town, &self.story.town.dice);
        let Some(card) = self.prepare().await else {
            return;
        };
        let Some(key) = self.open_window(&card) else {
            return;
        };
        town.wait_up_to(*dice.pick(&[0, 3_000, 60_000, 1_500_000]))
            .await;
        town.operate();
        let authenticated = match dice.below(20) {
            0..=13 => self.approve(&key, None),
            14..=16 => self.approve(&key, Some("REJECT_CARD_PAYMENT")),
            17 => self.refuse(&key, "PAY_PROCESS_ABORTED"),
            18 => self.refuse(&key, "PAY_PROCESS_CANCELED"),
            _ => false,
        };
        if !authenticated && !dice.one_in(8) {
            return;
        }
        town.wait_up_to(*dice.pick(&[0, 0, 1_000, 30_000, 700_000]))
            .await;
        if dice.one_in(6) {
            // A person in the shop's dashboard does not wait for the browser.
            let (other, key) = (self.clone(), key.clone());
            town.send_out(async move { other.dashboard(&key).await });
        }
        if !dice.one_in(12) {
            self.come_back(&key).await;
        }
        self.later(&key).await;
    }

    /// Opens the window with what the server said, or with what the buyer would rather pay.
    fn open_window(&self, card: &Value) -> Option<String> {
        let (town, dice) = (&self.story.town, &self.story.town.dice);
        town.operate();
        let total = won(self.story.total);
        let tampered = dice.one_in(15);
        // The tax-free part is unverified input from the browser, too.
        let tax_free = if dice.one_in(15) {
            dice.below(self.story.total / 2)
        } else {
            self.story.tax_free
        };
        let method = if self.account {
            "VIRTUAL_ACCOUNT"
        } else {
            "CARD"
        };
        let open = OpenWindow {
            method: Some(method.to_owned()),
            amount: Some(Amount::Won(if tampered { total / 2 + 200 } else { total })),
            tax_free_amount: (tax_free > 0 && !tampered).then(|| won(tax_free)),
            easy_pay: card["easy_pay"].as_str().map(str::to_owned),
            flow_mode: card["flow_mode"].as_str().map(str::to_owned),
            card_installment_plan: card["card_installment_plan"]
                .as_u64()
                .and_then(|months| u8::try_from(months).ok()),
            order_id: self.payment.clone(),
            order_name: "수채화 강의".to_owned(),
            success_url: Some("https://shop.example/ok".to_owned()),
            fail_url: Some(FAILED.to_owned()),
            ..OpenWindow::default()
        };
        let opened = town.gateways.open_window(&open);
        match &opened {
            Ok(key) => {
                let names = [self.payment.as_bytes(), key.as_bytes()];
                town.trace.note("window:", &names);
            }
            Err(refusal) => {
                let why = format!("{refusal:?}");
                town.trace
                    .note("no window:", &[self.payment.as_bytes(), why.as_bytes()]);
            }
        }
        opened.ok()
    }

    fn approve(&self, key: &str, decline: Option<&str>) -> bool {
        let town = &self.story.town;
        let done = town
            .gateways
            .with_toss(|toss, now_ms| toss.approve(now_ms, key, None, decline));
        let how: &[u8] = if done.is_ok() {
            b"approved"
        } else {
            b"not approved"
        };
        town.trace.note("buyer:", &[key.as_bytes(), how]);
        done.is_ok()
    }

    fn refuse(&self, key: &str, code: &str) -> bool {
        let town = &self.story.town;
        let done = town
            .gateways
            .with_toss(|toss, now_ms| toss.decline(now_ms, key, code));
        town.trace
            .note("buyer:", &[key.as_bytes(), code.as_bytes()]);
        // The browser comes back without a payment to confirm.
        drop(done);
        false
    }

    /// The browser comes back with what the window gave it, once or more often, unchanged or not.
    async fn come_back(&self, key: &str) {
        let dice = &self.story.town.dice;
        let honest =
            json!({ "payment_key": key, "order_id": self.payment, "amount": self.story.total });
        if dice.one_in(10) {
            self.tamper(&honest).await;
        }
        if dice.one_in(15) {
            self.borrow_a_name(&honest).await;
        }
        if dice.one_in(6) {
            drop(
                self.holder
                    .once(Method::POST, "/api/v1/payments/verify", Some(&honest))
                    .await,
            );
        }
        if dice.one_in(5) {
            // A double click.
            let (other, honest) = (self.clone(), honest.clone());
            self.story.town.send_out(async move {
                drop(
                    other
                        .holder
                        .once(Method::POST, CONFIRM, Some(&honest))
                        .await,
                );
            });
        }
        let answer = if dice.one_in(2) {
            let key = format!("confirm-{key}");
            self.holder
                .keyed(PATIENCE, CONFIRM, &key, Some(&honest))
                .await
        } else {
            self.holder
                .until_answered(PATIENCE, Method::POST, CONFIRM, &[], Some(&honest))
                .await
        };
        if let Some(answer) = answer.filter(|_| dice.one_in(4)) {
            self.again(&honest, &answer).await;
        }
    }

    /// Refreshing shows what was shown, or what has become of it.
    async fn again(&self, honest: &Value, first: &Answer) {
        let again = self.holder.once(Method::POST, CONFIRM, Some(honest)).await;
        let (Ok(again), 200) = (again, first.status) else {
            return;
        };
        // A server that has followed a clock days ahead treats the session as over.
        let over = again.text("code") == "TOKEN_EXPIRED"
            && self.story.town.clocks.latest_ms() >= self.ends_ms;
        let refused = matches!(again.status, 400..=407 | 410..=428) && !over;
        if refused && first.text("status") == "CAPTURED" {
            self.story.town.violated(|| {
                format!(
                    "a confirmed payment is refused when asked again: {}",
                    again.json
                )
            });
        }
    }

    /// Another amount, another payment, another order than was approved.
    async fn tamper(&self, honest: &Value) {
        let dice = &self.story.town.dice;
        let mut forged = honest.clone();
        match dice.below(3) {
            0 => forged["amount"] = (self.story.total / 2).into(),
            1 => forged["order_id"] = "pay_00000000000000000000000000000000".into(),
            _ => forged["amount"] = (self.story.total + 1).into(),
        }
        let answer = self.holder.once(Method::POST, CONFIRM, Some(&forged)).await;
        if let Ok(answer) = answer
            && answer.is_done()
        {
            self.story
                .town
                .violated(|| format!("a tampered return is taken: {forged} gets {}", answer.json));
        }
    }

    /// The browser brings back another buyer's payment name, or a malformed one.
    async fn borrow_a_name(&self, honest: &Value) {
        let town = &self.story.town;
        let mut forged = honest.clone();
        let name = town.gateways.some_name().filter(|_| !town.dice.one_in(4));
        let nobodys = ["tgen_nobodys", ".", "..", "confirm"];
        let name = name.unwrap_or_else(|| (*town.dice.pick(&nobodys)).to_owned());
        forged["payment_key"] = name.into();
        let answer = self.holder.once(Method::POST, CONFIRM, Some(&forged)).await;
        if let Ok(answer) = answer
            && answer.text("status") == "CAPTURED"
            && forged["payment_key"] != honest["payment_key"]
            && !town
                .gateways
                .is_about(&forged["payment_key"], &self.payment)
        {
            town.violated(|| format!("another's payment pays: {forged} gets {}", answer.json));
        }
    }

    /// What is done in the shop's dashboard, past the shop: all of it or a part, once or until nothing is left, at
    /// whatever time.
    async fn dashboard(&self, key: &str) {
        let (town, dice) = (&self.story.town, &self.story.town.dice);
        for _ in 0..dice.between(1, 2) {
            town.wait_up_to(*dice.pick(&[1_000, 30_000, 400_000, 3_000_000]))
                .await;
            town.operate();
            let part = dice.between(1, self.story.total - 1);
            let to = RefundReceiveAccount {
                bank: "20".to_owned(),
                account_number: "1002333444555".to_owned(),
                holder_name: "모의".to_owned(),
            };
            let in_part = dice.one_in(2).then(|| won(part));
            let cancel = CancelRequest {
                cancel_reason: "고객 요청".to_owned(),
                cancel_amount: in_part,
                tax_free_amount: in_part.filter(|_| self.story.tax_free == self.story.total),
                refund_receive_account: Some(to),
                ..CancelRequest::default()
            };
            let canceled = town
                .gateways
                .with_toss(|toss, now_ms| toss.cancel_in_dashboard(now_ms, key, cancel));
            let how: &[u8] = if canceled.is_ok() {
                b"canceled"
            } else {
                b"not canceled"
            };
            town.trace.note("dashboard:", &[key.as_bytes(), how]);
        }
    }

    /// The bank's actions on it.
    async fn later(&self, key: &str) {
        let (town, dice) = (&self.story.town, &self.story.town.dice);
        if self.account {
            town.wait_up_to(*dice.pick(&[1_000, 100_000, 1_000_000]))
                .await;
            if !dice.one_in(3) {
                self.deposit(key).await;
            }
        }
    }

    /// The buyer transfers the money; now and then the bank takes it back, and it comes again.
    async fn deposit(&self, key: &str) {
        let (town, dice) = (&self.story.town, &self.story.town.dice);
        let note = |what: &[u8]| town.trace.note("bank:", &[key.as_bytes(), what]);
        town.operate();
        let paid = town
            .gateways
            .with_toss(|toss, now_ms| toss.deposit(now_ms, key, false));
        note(if paid.is_ok() {
            b"deposited"
        } else {
            b"no deposit"
        });
        if paid.is_err() || !dice.one_in(4) {
            return;
        }
        town.wait_up_to(300_000).await;
        let back = town
            .gateways
            .with_toss(|toss, now_ms| toss.take_deposit_back(now_ms, key));
        note(if back.is_ok() {
            b"taken back"
        } else {
            b"not taken back"
        });
        if back.is_ok() && dice.one_in(2) {
            town.wait_up_to(300_000).await;
            drop(
                town.gateways
                    .with_toss(|toss, now_ms| toss.deposit(now_ms, key, false)),
            );
            note(b"deposited again");
        }
    }

    /// The checkout page asks how it stands.
    async fn look(&self) {
        let path = format!("{SESSIONS}/{}", self.session);
        for _ in 0..self.story.town.dice.below(3) {
            self.holder.read(&path).await;
            self.story.town.wait_up_to(5_000).await;
        }
    }
}

fn won(minor: u64) -> i64 {
    i64::try_from(minor).expect("not that much")
}

/// The end of a session, which its token says in its second part.
fn ends_ms(token: &str) -> i64 {
    let end = token.split('.').nth(1).and_then(|end| end.parse().ok());
    end.expect("a token says when it ends")
}
