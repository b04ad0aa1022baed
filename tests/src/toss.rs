//! Toss Payments beside a shop: the simulator on a loopback port with the shop's clock, and a buyer's actions in its
//! window. It outlives the shop's server, as the real one would.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use daegeum_sandbox::toss::listener::{self, Now};
use daegeum_sandbox::toss::{
    Amount, CallFilter, CancelRequest, Dial, Fault, MemoryBooks, Notification, OpenWindow,
    OtherShop, RefundReceiveAccount, Rule, Settings, Toss,
};
use parking_lot::Mutex;
use serde_json::Value;

use crate::shop::Shop;
use crate::story::Payment;

/// A simulated Toss; clones are the same one.
#[derive(Clone)]
pub struct Gateway {
    toss: Arc<Mutex<Toss>>,
    now: Now,
    /// The address that it listens at.
    pub address: SocketAddr,
}

/// The parameters that the window gave the buyer's browser.
#[derive(Debug, Clone)]
pub struct Approved {
    /// Toss's name for the payment.
    pub payment_key: String,
    /// The order number it was given: our payment id.
    pub order_id: String,
    /// The amount to pay according to the window.
    pub amount: u64,
}

/// The secret key of the shop at Toss; found nowhere else, so that one that leaks is recognised.
pub const SECRET_KEY: &str = "test_sk_51b7c0aa9d3e4f62";
/// Its pair.
pub const CLIENT_KEY: &str = "test_ck_51b7c0aa9d3e4f62";

/// The keys of another shop at the same Toss.
pub const OTHER_SECRET_KEY: &str = "test_sk_d83c19f6057b42ae";
/// Its pair.
pub const OTHER_CLIENT_KEY: &str = "test_ck_d83c19f6057b42ae";

impl Gateway {
    /// Opens one, on a thread and a port of its own, in the time that `ahead_ms` says.
    pub async fn open(ahead_ms: Arc<AtomicI64>) -> Self {
        let now: Now = Arc::new(move || machine_ms() + ahead_ms.load(Ordering::Relaxed));
        let (tell, told) = tokio::sync::oneshot::channel();
        let theirs = Arc::clone(&now);
        std::thread::spawn(move || serve(theirs, tell));
        let (toss, address) = told.await.expect("the simulator listens");
        Self { toss, now, address }
    }

    /// The settings of a shop that pays through it.
    pub fn settings(&self) -> Vec<(String, String)> {
        let base = format!("http://{}", self.address);
        let sdk = format!("{base}/v2/standard");
        [
            ("DAEGEUM_GATEWAYS_TOSS_SECRET_KEY", SECRET_KEY),
            ("DAEGEUM_GATEWAYS_TOSS_CLIENT_KEY", CLIENT_KEY),
            ("DAEGEUM_GATEWAYS_TOSS_BASE_URL", &base),
            ("DAEGEUM_GATEWAYS_TOSS_SDK_URL", &sdk),
            ("DAEGEUM_GATEWAYS_ALLOW_PRIVATE", "true"),
            ("DAEGEUM_CHECKOUT_REDIRECT_ORIGINS", "https://shop.example"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The settings of another shop at the same Toss.
    pub const fn keys_of_another_shop() -> [(&'static str, &'static str); 2] {
        [
            ("DAEGEUM_GATEWAYS_TOSS_SECRET_KEY", OTHER_SECRET_KEY),
            ("DAEGEUM_GATEWAYS_TOSS_CLIENT_KEY", OTHER_CLIENT_KEY),
        ]
    }

    /// The settings of the usual shop.
    pub const fn keys_of_the_shop() -> [(&'static str, &'static str); 2] {
        [
            ("DAEGEUM_GATEWAYS_TOSS_SECRET_KEY", SECRET_KEY),
            ("DAEGEUM_GATEWAYS_TOSS_CLIENT_KEY", CLIENT_KEY),
        ]
    }

    /// Sends its notifications to this shop, or nowhere.
    pub fn notifies(&self, shop: Option<&str>) {
        let url = shop.map(|shop| format!("{shop}/api/v1/payments/webhook/toss"));
        self.toss.lock().set_notification_url(url);
    }

    /// The buyer opens the window with what the shop's browser code was given.
    pub fn window(&self, prepared: &Value) -> String {
        let text = |name: &str| prepared[name].as_str().map(str::to_owned);
        let open = OpenWindow {
            client_key: text("client_key"),
            method: text("method"),
            amount: prepared["amount"]["value"].as_i64().map(Amount::Won),
            order_id: text("order_id").expect("an order number"),
            order_name: text("order_name").expect("a name"),
            customer_key: text("customer_key"),
            customer_name: text("customer_name"),
            customer_mobile_phone: text("customer_mobile_phone"),
            tax_free_amount: prepared["tax_free_amount"].as_i64(),
            tax_exemption_amount: None,
            use_escrow: false,
            valid_hours: None,
            easy_pay: prepared["card"]["easy_pay"].as_str().map(str::to_owned),
            flow_mode: prepared["card"]["flow_mode"].as_str().map(str::to_owned),
            card_company: None,
            card_installment_plan: prepared["card"]["card_installment_plan"]
                .as_u64()
                .and_then(|months| u8::try_from(months).ok()),
            max_card_installment_plan: None,
            metadata: None,
            success_url: text("success_url"),
            fail_url: text("fail_url"),
            opener: None,
        };
        let opened = self.toss.lock().open_window((self.now)(), &open);
        opened.expect("the window opens")
    }

    /// The buyer opens the window and approves. `decline`: the code that confirming will be refused with.
    pub fn approve(&self, prepared: &Value, decline: Option<&str>) -> Approved {
        let payment_key = self.window(prepared);
        let approved = self
            .toss
            .lock()
            .approve((self.now)(), &payment_key, None, decline);
        approved.expect("the buyer can approve");
        Approved {
            payment_key,
            order_id: prepared["order_id"].as_str().expect("a number").to_owned(),
            amount: prepared["amount"]["value"].as_u64().expect("an amount"),
        }
    }

    /// The buyer transfers the money to the account of a payment.
    pub fn deposit(&self, payment_key: &str) {
        let paid = self.toss.lock().deposit((self.now)(), payment_key, false);
        paid.expect("the account takes it");
    }

    /// The same when the account's time is over; a bank may be late to know.
    pub fn deposit_late(&self, payment_key: &str) {
        let paid = self.toss.lock().deposit((self.now)(), payment_key, true);
        paid.expect("the account takes it");
    }

    /// A cancellation in Toss's own dashboard, without the shop.
    pub fn cancel_in_dashboard(&self, payment_key: &str) {
        self.cancel_part_in_dashboard(payment_key, None);
    }

    /// The same with so many won, or all that are left.
    pub fn cancel_part_in_dashboard(&self, payment_key: &str, won: Option<i64>) {
        self.cancel_as(payment_key, won, None);
    }

    /// The same with a payment that came by transfer: Toss asks for an account to send it to.
    pub fn cancel_part_of_transfer(&self, payment_key: &str, won: i64) {
        let to = RefundReceiveAccount {
            bank: "88".to_owned(),
            account_number: "110123456789".to_owned(),
            holder_name: "김토스".to_owned(),
        };
        self.cancel_as(payment_key, Some(won), Some(to));
    }

    fn cancel_as(&self, payment_key: &str, won: Option<i64>, to: Option<RefundReceiveAccount>) {
        let request = CancelRequest {
            cancel_reason: "dashboard".to_owned(),
            cancel_amount: won,
            refund_receive_account: to,
            ..CancelRequest::default()
        };
        let canceled = self
            .toss
            .lock()
            .cancel_in_dashboard((self.now)(), payment_key, request);
        canceled.expect("it can be canceled");
    }

    /// The next `times` calls of this kind go wrong so.
    pub fn fails(&self, call: CallFilter, fault: Fault, times: u32) {
        self.add(Rule {
            times: Some(times),
            ..Rule::always(call, fault)
        });
    }

    /// The next call of this kind about this payment goes wrong so.
    pub fn fails_once(&self, payment: &Payment, call: CallFilter, fault: Fault) {
        self.add(Rule {
            order_id: Some(payment.id.clone()),
            ..Rule::once(call, fault)
        });
    }

    /// Every call of this kind about this payment goes wrong so.
    pub fn fails_always(&self, payment: &Payment, call: CallFilter, fault: Fault) {
        self.add(Rule {
            order_id: Some(payment.id.clone()),
            ..Rule::always(call, fault)
        });
    }

    fn add(&self, rule: Rule) {
        let mut toss = self.toss.lock();
        let mut dial: Dial = toss.dial().clone();
        dial.rules.push(rule);
        toss.set_dial(dial).expect("a dial that can be set");
    }

    /// Nothing goes wrong from now on.
    pub fn recovers(&self) {
        let set = self.toss.lock().set_dial(Dial::default());
        set.expect("a dial that can be set");
    }

    /// The time of a window, or of an account to pay into, is over.
    pub fn expires(&self, payment_key: &str) {
        let expired = self.toss.lock().expire_now((self.now)(), payment_key);
        expired.expect("it can expire");
    }

    /// The bank corrects itself: there was no deposit.
    pub fn takes_deposit_back(&self, payment_key: &str) {
        let taken = self
            .toss
            .lock()
            .take_deposit_back((self.now)(), payment_key);
        taken.expect("there was one");
    }

    /// Sends a notification, true or not.
    pub fn notify(&self, notification: &Notification) {
        let sent = self.toss.lock().notify((self.now)(), notification);
        sent.expect("it can be sent");
    }

    /// Its own books.
    pub fn books(&self) -> Value {
        self.toss.lock().books()
    }

    /// Its books' entry for the payment with this order number.
    pub fn payment(&self, order_id: &str) -> Option<Value> {
        let books = self.books();
        let payments = books["payments"].as_array().expect("payments");
        let mut found = payments.iter().filter(|one| one["orderId"] == order_id);
        found.next().cloned()
    }

    /// How many calls have arrived: to confirm, to inquire, to cancel.
    pub fn calls(&self) -> (u64, u64, u64) {
        let calls = self.toss.lock().calls();
        (calls.confirm, calls.inquire, calls.cancel)
    }

    /// The idempotency keys it has answered, and how often something happened under each.
    pub fn keys(&self) -> BTreeMap<String, u64> {
        let books = self.books();
        let keys = books["keys"].as_array().expect("keys").iter();
        keys.map(|used| {
            let key = used["idempotencyKey"].as_str().expect("text");
            let effects = used["effects"].as_u64().expect("a number");
            (key.to_owned(), effects)
        })
        .collect()
    }

    /// Both sides believe the same, and nothing has happened twice.
    pub async fn agrees_with(&self, shop: &Shop) {
        let books = self.books();
        let windows = books["payments"].as_array().expect("payments");
        let mut left: BTreeMap<&str, i64> = BTreeMap::new();
        for theirs in windows {
            let number = |name: &str| theirs[name].as_i64().expect("a number");
            let id = theirs["orderId"].as_str().expect("our payment's id");
            *left.entry(id).or_default() += number("taken") - number("returned");
            assert!(number("confirms") <= 1, "taken twice: {theirs}");
            let cancels = theirs["cancels"].as_array().expect("cancels");
            let mut reasons: Vec<&str> = cancels.iter().map(reason).collect();
            reasons.retain(|reason| reason.contains("op_"));
            let all = reasons.len();
            reasons.sort_unstable();
            reasons.dedup();
            assert_eq!(reasons.len(), all, "an operation gave back twice: {theirs}");
        }
        for (id, left) in left {
            let path = format!("/api/v1/payments/{id}");
            let ours = shop.merchant().get(&path).await.expect(200);
            let won = |name: &str| ours[name].as_i64().expect("an amount");
            let here = match ours.text("detail") {
                "CAPTURED" | "PARTIALLY_REFUNDED" => won("amount") - won("refunded"),
                "ORPHANED" => won("amount"),
                "MISMATCHED" => ours["received"]["amount"].as_i64().expect("an amount"),
                _ => 0,
            };
            assert_eq!(left, here, "{}", ours.body());
        }
        for (key, effects) in self.keys() {
            assert!(effects <= 1, "{key} did something {effects} times");
        }
        let receivable = shop.balance("gateway_receivable").await;
        assert_eq!(receivable, self.balance(), "the books differ");
    }

    /// The total captured and not refunded, in won.
    pub fn balance(&self) -> i64 {
        let books = self.books();
        books["totals"]["balance"].as_i64().expect("a balance")
    }
}

fn reason(cancel: &Value) -> &str {
    cancel["cancelReason"].as_str().expect("a reason")
}

fn machine_ms() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = since_1970.expect("a clock after 1970").as_millis();
    i64::try_from(ms).expect("not that late")
}

type Told = (Arc<Mutex<Toss>>, SocketAddr);

/// Until the test ends; it has no state that would have to be kept.
fn serve(now: Now, tell: tokio::sync::oneshot::Sender<Told>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let settings = Settings {
            client_key: CLIENT_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            base_url: format!("http://{address}"),
            other_shop: Some(OtherShop {
                client_key: OTHER_CLIENT_KEY.to_owned(),
                secret_key: OTHER_SECRET_KEY.to_owned(),
                merchant_id: "another".to_owned(),
            }),
            ..Settings::default()
        };
        let toss = Toss::open(Box::new(MemoryBooks::default()), settings).expect("empty books");
        let toss = Arc::new(Mutex::new(toss));
        tell.send((Arc::clone(&toss), address)).ok();
        let never = std::future::pending();
        listener::serve(listener, toss, now, never)
            .await
            .expect("it serves");
    });
}
