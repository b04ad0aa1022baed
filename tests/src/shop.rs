//! A shop: the real server over a real store in a directory of its own, on a loopback port; the test moves its clock
//! and runs its jobs. Closing it stops the server in order.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use daegeum_engine::time::Timestamp;
use daegeum_server::config::{Config, Flags, Purpose};
use daegeum_server::domain_clock::DomainClock;
use daegeum_server::gateway::Gateway as Port;
use daegeum_server::http::buyer_token::ADDRESS_RESTS;
use daegeum_server::serve::{Surroundings, serve};
use daegeum_server::telemetry::{Metrics, TransitionLog};
use daegeum_server::world::SharedWorld;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::caller::{Answer, Caller};
use crate::drill::Drill;
use crate::gateway::Delivery;
use crate::secrets;
use crate::story::{NewOrder, Payment};
use crate::toss::Gateway;
use crate::world::{Job, ShopWorld};

/// See the module's text.
pub struct Shop {
    folder: Arc<TempDir>,
    settings: Vec<(String, String)>,
    clocks: Clocks,
    drill: Option<Drill>,
    world: Arc<ShopWorld>,
    running: Option<Running>,
    stranger: Caller,
}

/// The data that outlives a stop.
#[derive(Clone, Default)]
struct Clocks {
    ahead_ms: Arc<AtomicI64>,
    /// How far the wall clock is from the true time.
    wall_off_ms: Arc<AtomicI64>,
}

struct Running {
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
}

impl Shop {
    /// A new shop with the usual settings.
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// A new shop with these settings besides (`DAEGEUM_…`).
    pub async fn open_with(settings: &[(&str, &str)]) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let said = settings.iter();
        let settings = said.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings = usual_settings().into_iter().chain(settings);
        let settings = secrets::environment().into_iter().chain(settings).collect();
        Self::start(folder, settings, Clocks::default(), false).await
    }

    /// A new shop that takes money through a gateway that holds it, and does what the story says.
    pub async fn open_with_drill() -> (Self, Drill) {
        let drill = Drill::open().await;
        let settings = usual_settings();
        let settings = secrets::environment().into_iter().chain(settings).collect();
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let with = (Clocks::default(), Some(drill.clone()));
        (Self::start_with(folder, settings, with, false).await, drill)
    }

    /// A new shop that takes money through Toss, which is simulated beside it.
    pub async fn open_with_toss() -> (Self, Gateway) {
        Self::open_with_toss_and(&[]).await
    }

    /// The same, with these settings besides.
    pub async fn open_with_toss_and(settings: &[(&str, &str)]) -> (Self, Gateway) {
        Self::open_with_toss_where(settings, 0).await
    }

    /// A new shop that takes money through Toss, whose wall clock is wrong by so many milliseconds.
    pub async fn open_with_toss_at(wall_off_ms: i64) -> (Self, Gateway) {
        Self::open_with_toss_where(&[], wall_off_ms).await
    }

    async fn open_with_toss_where(settings: &[(&str, &str)], wall_off_ms: i64) -> (Self, Gateway) {
        let ahead_ms: Arc<AtomicI64> = Arc::default();
        let gateway = Gateway::open(Arc::clone(&ahead_ms)).await;
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let usual = [
            ("DAEGEUM_LISTEN", "127.0.0.1:0"),
            ("DAEGEUM_LIMITS_RATE_PER_SOURCE", "0"),
            ("DAEGEUM_LIMITS_RATE_PER_KEY", "0"),
        ];
        let said = usual.iter().chain(settings);
        let said = said.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let toss = gateway.settings().into_iter();
        let settings = secrets::environment().into_iter().chain(toss).chain(said);
        let clocks = Clocks {
            ahead_ms,
            wall_off_ms: Arc::new(AtomicI64::new(wall_off_ms)),
        };
        let shop = Self::start(folder, settings.collect(), clocks, false).await;
        (shop, gateway)
    }

    /// A shop over an existing directory, with the wall clock of that time.
    pub async fn open_over(
        folder: Arc<TempDir>,
        settings: Vec<(String, String)>,
        then: Timestamp,
    ) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = Timestamp::from_millis(millis(now.expect("a clock after 1970")));
        let back_ms = i64::try_from(now.millis_since(then)).expect("not that long");
        let clocks = Clocks {
            ahead_ms: Arc::default(),
            wall_off_ms: Arc::new(AtomicI64::new(-back_ms)),
        };
        Self::start(folder, settings, clocks, false).await
    }

    /// The shop's address.
    pub fn address(&self) -> String {
        self.stranger.base().to_owned()
    }

    async fn start(
        folder: Arc<TempDir>,
        settings: Vec<(String, String)>,
        clocks: Clocks,
        trusts_clock: bool,
    ) -> Self {
        Self::start_with(folder, settings, (clocks, None), trusts_clock).await
    }

    async fn start_with(
        folder: Arc<TempDir>,
        settings: Vec<(String, String)>,
        (clocks, drill): (Clocks, Option<Drill>),
        trusts_clock: bool,
    ) -> Self {
        let (ahead_ms, wall_off_ms) = (&clocks.ahead_ms, &clocks.wall_off_ms);
        let world = ShopWorld::new(Arc::clone(ahead_ms), Arc::clone(wall_off_ms));
        let world = Arc::new(world);
        let config = config(folder.path(), &settings, &world);
        let shared: SharedWorld = Arc::clone(&world) as SharedWorld;
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = oneshot::channel();
        let more = drill.iter().map(Drill::client).collect();
        let server = std::thread::spawn(move || {
            let begin = (config, shared, more);
            run(begin, trusts_clock, stopped, tell)
        });
        let Ok(address) = told.await else {
            panic!("the shop does not open: {:?}", server.join());
        };
        let shop = Self {
            folder,
            settings,
            clocks,
            drill,
            world,
            running: Some(Running { stop, server }),
            stranger: Caller::new(&format!("http://{address}")),
        };
        shop.has_its_index().await;
        shop
    }

    /// A start that has to make its index anew does so while it listens.
    async fn has_its_index(&self) {
        crate::until("it has its index", || async {
            let ready = self.stranger().get("/readyz").await;
            ready.status != 503 || ready.code() != "INDEX_REBUILDING"
        })
        .await;
    }

    /// Stops in order and opens again over the same directory.
    pub async fn reopen(self) -> Self {
        self.reopen_after(|| {}).await
    }

    /// Stops in order and opens again with these settings instead of what they were.
    pub async fn reopen_with(mut self, settings: &[(&str, &str)]) -> Self {
        self.settings
            .retain(|(name, _)| settings.iter().all(|(changed, _)| changed != name));
        let said = settings.iter();
        self.settings
            .extend(said.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.reopen().await
    }

    /// The same, where something happens to the directory in between.
    pub async fn reopen_after(mut self, meanwhile: impl FnOnce()) -> Self {
        self.stop();
        meanwhile();
        let (folder, settings) = (Arc::clone(&self.folder), self.settings.clone());
        let with = (self.clocks.clone(), self.drill.clone());
        Self::start_with(folder, settings, with, false).await
    }

    /// Stops in order and opens again, with a person's word that the wall clock is right.
    pub async fn reopen_trusting_its_clock(mut self) -> Self {
        self.stop();
        let (folder, settings) = (Arc::clone(&self.folder), self.settings.clone());
        Self::start(folder, settings, self.clocks.clone(), true).await
    }

    /// Stops in order; what is left is the directory.
    pub fn close(mut self) -> Arc<TempDir> {
        self.stop();
        Arc::clone(&self.folder)
    }

    fn stop(&mut self) {
        let Some(Running { stop, server }) = self.running.take() else {
            return;
        };
        // A server that has failed by itself hears nothing, and says so in what it returns.
        stop.send(()).ok();
        let outcome = server.join();
        if !std::thread::panicking() {
            outcome.expect("no panic").expect("a stop in order");
        }
    }

    /// Its data directory.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A caller without credentials.
    pub fn stranger(&self) -> &Caller {
        &self.stranger
    }

    /// The merchant's backend.
    pub fn merchant(&self) -> Caller {
        self.stranger.with(secrets::MERCHANT)
    }

    /// The administrator kim.
    pub fn admin(&self) -> Caller {
        self.stranger.with(secrets::KIM)
    }

    /// A buyer with a token.
    pub fn buyer(&self, buyer_id: &str) -> Caller {
        self.stranger.with(secrets::token(buyer_id))
    }

    /// An order to be registered, in words.
    pub fn order(&self, order_id: &str) -> NewOrder {
        NewOrder::new(self.merchant(), order_id)
    }

    /// A payment that was begun elsewhere.
    pub fn payment(&self, payment_id: &str, amount: u64) -> Payment {
        Payment::known(self.merchant(), payment_id, amount)
    }

    /// Delivers a notification.
    pub async fn deliver(&self, delivery: &Delivery) -> Answer {
        delivery.to(&self.stranger).await
    }

    /// Moves the shop's clock on; jobs look at it at their next turn.
    pub fn advance(&self, by: Duration) {
        self.world.advance(by);
    }

    /// Sets the wall clock wrong by so many milliseconds, or right. Nothing else notices.
    pub fn set_wall(&self, off_ms: i64) {
        self.clocks.wall_off_ms.store(off_ms, Ordering::Relaxed);
    }

    /// Lets the deadlines be looked at.
    pub async fn look_at_deadlines(&self) {
        self.world.turn(Job::Deadlines).await;
    }

    /// Lets calls without an answer be looked at.
    pub async fn look_at_unanswered(&self) {
        self.world.turn(Job::Unanswered).await;
    }

    /// The same, and waits for what the gateway says.
    pub async fn ask_gateway(&self) {
        self.world.calls_rest().await;
        self.look_at_unanswered().await;
        self.world.calls_rest().await;
    }

    /// Waits until no call to a gateway is under way.
    pub async fn calls_rest(&self) {
        self.world.calls_rest().await;
    }

    /// Asks the gateway about a payment again and again, a while apart, until it has said.
    pub async fn settle(&self, payment: &Payment) {
        const TIMES: u32 = 100;
        for _ in 0..TIMES {
            let waits = payment.waits_for_gateway().await;
            if !waits {
                return;
            }
            self.ask_gateway().await;
            self.advance(Duration::from_secs(31));
        }
        panic!("nothing is known of {}", payment.id);
    }

    /// From now on no request waits longer than this for a gateway's answer.
    pub fn let_requests_wait_for(&self, at_most: Duration) {
        self.world.let_requests_wait_for(at_most);
    }

    /// From now on no answer of a gateway is waited for longer than this.
    pub fn be_patient_for(&self, patience: Duration) {
        self.world.be_patient_for(patience);
    }

    /// Lets the JWK set of buyers' tokens be looked at again, as after a minute.
    pub async fn look_at_key_set(&self) {
        self.advance(ADDRESS_RESTS);
        self.world.turn(Job::KeySet).await;
    }

    /// Lets keys be dropped whose retention has ended.
    pub async fn look_at_retention(&self) {
        self.world.turn(Job::Retention).await;
    }

    /// The number of the last event in the feed.
    pub async fn last_event(&self) -> u64 {
        let feed = self.merchant().get("/api/v1/events?limit=1").await;
        feed["last"].as_u64().expect("a number")
    }

    /// The whole feed, page by page; every number follows the one before.
    pub async fn feed(&self) -> Vec<Value> {
        let (mut events, merchant) = (Vec::<Value>::new(), self.merchant());
        loop {
            let path = format!("/api/v1/events?limit=100&after={}", events.len());
            let page = merchant.get(&path).await.expect(200);
            let items = page["items"].as_array().expect("items").clone();
            for item in items {
                let next = u64::try_from(events.len()).expect("few") + 1;
                assert_eq!(item["sequence"], next, "the feed has a gap: {item}");
                events.push(item);
            }
            if u64::try_from(events.len()).ok() >= page["last"].as_u64() {
                return events;
            }
        }
    }

    /// A balance by account, summed over components, from the books.
    pub async fn balance(&self, account: &str) -> i64 {
        let balance = self.large_balance(account).await;
        i64::try_from(balance).expect("a balance of 64 bits")
    }

    /// The same where it may be more than 64 bits hold.
    pub async fn large_balance(&self, account: &str) -> i128 {
        let books = self.admin().get("/api/v1/admin/balances").await.expect(200);
        let items = books["items"].as_array().expect("items");
        let of_account = items.iter().filter(|item| item["account"] == account);
        of_account.map(amount_in_books).sum()
    }

    /// One line of `/metrics` by its name with labels; 0 if no such labels were counted yet.
    pub async fn figure(&self, name: &str) -> u64 {
        let figures = self.admin().get("/metrics").await.expect(200).body();
        let mut lines = figures.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        if value.is_none() {
            let (series, labels) = name.split_once('{').unwrap_or((name, ""));
            let types = figures
                .lines()
                .filter_map(|line| line.strip_prefix("# TYPE "));
            let mut known = types.filter_map(|line| Some(line.split_once(' ')?.0));
            let is_known = known.any(|metric| {
                let suffix = series.strip_prefix(metric);
                suffix.is_some_and(|suffix| {
                    ["", "_total", "_bucket", "_count", "_sum"].contains(&suffix)
                })
            });
            assert!(is_known && !labels.is_empty(), "there is no figure {name}");
        }
        value.map_or(0, |value| value.parse().expect("a whole number"))
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The amount of one line of the books, which is written as text.
pub(crate) fn amount_in_books(item: &Value) -> i128 {
    let amount = item["amount"].as_str().map(str::parse);
    let Some(Ok(amount)) = amount else {
        panic!("the books have a line without an amount: {item}");
    };
    amount
}

/// As every shop of a story has them.
fn usual_settings() -> Vec<(String, String)> {
    [
        ("DAEGEUM_LISTEN", "127.0.0.1:0"),
        ("DAEGEUM_GATEWAYS_MOCK", "true"),
        ("DAEGEUM_LIMITS_RATE_PER_SOURCE", "0"),
        ("DAEGEUM_LIMITS_RATE_PER_KEY", "0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn millis(since_1970: Duration) -> u64 {
    u64::try_from(since_1970.as_millis()).expect("not that late")
}

fn config(data: &Path, settings: &[(String, String)], world: &ShopWorld) -> Config {
    let flags = Flags {
        data: Some(data.to_owned()),
        ..Flags::default()
    };
    let said = settings.iter().cloned();
    Config::load(&flags, said, Purpose::Serve, world).expect("settings that can be used")
}

/// The server's own thread and runtime, as in its own process.
fn run(
    (config, world, more_gateways): (Config, SharedWorld, Vec<Arc<dyn Port>>),
    trusts_clock: bool,
    stopped: oneshot::Receiver<()>,
    tell: oneshot::Sender<SocketAddr>,
) -> Result<(), String> {
    let clock = Arc::new(DomainClock::new(Arc::clone(&world), trusts_clock));
    let around = Surroundings {
        world,
        clock,
        metrics: Arc::new(Metrics::new()),
        transitions: TransitionLog::new(None),
        more_routes: Default::default(),
        more_gateways,
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let stop = async { stopped.await.unwrap_or(()) };
    let ready = |address| tell.send(address).expect("the test waits");
    let served = runtime.block_on(serve(config, around, stop, ready));
    served.map_err(|error| error.to_string())
}
