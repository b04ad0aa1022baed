import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A shop's backend in small, for Java 17 with the JDK alone. It registers orders, sends buyers to the checkout, and
 * hands out a ticket for what the feed says is paid. It believes no browser, and it hands out nothing twice.
 */
public final class Shop {
    static final Map<String, Long> PRICES = Map.of("수채화 강의", 11_000L, "도예 강의", 33_000L);
    private static final String BUYER = "buyer-1"; // Whoever is logged in; no name, no mail: it is stored as it is.

    private final Daegeum daegeum;
    private final Orders orders;

    private Shop(Daegeum daegeum, Orders orders) {
        this.daegeum = daegeum;
        this.orders = orders;
    }

    public static void main(String[] args) throws IOException {
        var daegeum = new Daegeum(
            setting("PAYMENTS_URL", "http://127.0.0.1:8080"),
            setting("PAYMENTS_MERCHANT_KEY", null),
            setting("PAYMENTS_BUYER_JWT_SECRET", null));
        var shop = new Shop(daegeum, new Orders(Path.of(setting("SHOP_FILE", "shop.properties"))));
        new Pages(shop).open(Integer.parseInt(setting("SHOP_PORT", "8090")));
        try {
            shop.follow();
        } catch (Exception failed) { // A write, most likely: what is not on disk has not happened.
            failed.printStackTrace();
            System.exit(1);
        }
    }

    /** The browser names the item; what it costs is known here. The order is kept before anybody else hears of it. */
    String buy(String item) throws IOException, InterruptedException {
        String order = "shop-" + UUID.randomUUID();
        synchronized (orders) {
            orders.set(order, "waiting", "");
            orders.save();
        }
        long price = PRICES.get(item);
        daegeum.post("/orders", """
            {"order_id": %s, "buyer_id": %s, "currency": "KRW", "total": %d, "capture": "automatic",
             "lines": [{"name": %s, "quantity": 1, "unit_price": %d, "tax": "taxable"}]}"""
            .formatted(Json.quoted(order), Json.quoted(BUYER), price, Json.quoted(item), price));
        return checkout(order);
    }

    /** Where the order is paid. The token is behind the `#`, which no server sees and no log keeps. */
    String checkout(String order) throws IOException, InterruptedException {
        var session = daegeum.post("/payments/sessions", "{\"order_id\": %s}".formatted(Json.quoted(order)));
        return daegeum.url() + "/checkout#" + session.get("session_token");
    }

    /** Reads what happened, for good. What cannot be read now is read later; nothing is passed over. */
    private void follow() throws IOException, InterruptedException {
        for (;;) {
            List<?> events = List.of();
            try {
                events = (List<?>) daegeum.get("/events?limit=100&after=" + orders.cursor()).get("items");
            } catch (IOException lost) {
                System.err.println(lost);
            }
            for (Object event : events) handle((Map<?, ?>) event);
            if (events.isEmpty()) Thread.sleep(500);
        }
    }

    /** What is done about an event and the place in the feed are one write: neither is ever there without the other. */
    private void handle(Map<?, ?> event) throws IOException {
        synchronized (orders) {
            apply((String) event.get("event_type"), (String) event.get("order_id"));
            orders.setCursor((Long) event.get("sequence"));
            orders.save();
        }
    }

    private void apply(String eventType, String order) {
        String status = orders.status(order);
        if (status == null) return; // Another shop's, under the same merchant.
        switch (eventType) {
            case "PAYMENT_SUCCEEDED" -> {
                if (status.equals("waiting")) orders.set(order, "delivered", UUID.randomUUID().toString());
            }
            case "PAYMENT_CANCELED" -> orders.set(order, "canceled", ""); // Nobody paid in time: free the seat.
            case "PAYMENT_REFUNDED" -> orders.set(order, "refunded", "");
            default -> { } // New ones can come.
        }
    }

    /** What the buyer's page says, or null. */
    String shown(String order) {
        synchronized (orders) {
            if (orders.status(order) == null) return null;
            String ticket = orders.ticket(order);
            String shown = ticket.isEmpty() ? "null" : Json.quoted(ticket);
            return "{\"status\":%s,\"ticket\":%s}".formatted(Json.quoted(orders.status(order)), shown);
        }
    }

    String buyerToken() throws GeneralSecurityException {
        return daegeum.buyerToken(BUYER);
    }

    private static String setting(String name, String otherwise) {
        String value = System.getenv().getOrDefault(name, otherwise);
        if (value == null) throw new IllegalStateException(name + " is not set");
        return value;
    }
}
