import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.util.List;
import java.util.concurrent.Executors;

/** The shop's pages, as few as there can be. What they show of an order is what the shop knows, not what a browser says. */
record Pages(Shop shop) {
    void open(int port) throws IOException {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.createContext("/", this::answer);
        server.start();
        System.out.println("the shop is at http://127.0.0.1:" + server.getAddress().getPort() + "/");
    }

    private void answer(HttpExchange exchange) throws IOException {
        try {
            route(exchange);
        } catch (Exception failed) {
            failed.printStackTrace();
            reply(exchange, 502, "{\"error\":\"try again\"}");
        } finally {
            exchange.close();
        }
    }

    private void route(HttpExchange exchange) throws Exception {
        String path = exchange.getRequestURI().getPath();
        String order = path.startsWith("/orders/") ? path.split("/", 4)[2] : "";
        boolean isKnown = shop.shown(order) != null;
        switch (exchange.getRequestMethod() + " " + (isKnown ? path.replace(order, "{id}") : path)) {
            case "GET /" -> {
                exchange.getResponseHeaders().set("content-type", "text/html; charset=utf-8");
                reply(exchange, 200, page());
            }
            case "GET /buyer-token" -> reply(exchange, 200, "{\"token\":\"%s\"}".formatted(shop.buyerToken()));
            case "GET /orders/{id}" -> reply(exchange, 200, shop.shown(order));
            case "POST /orders/{id}/pay" -> sendTo(exchange, shop.checkout(order));
            case "POST /orders" -> {
                String form = new String(exchange.getRequestBody().readNBytes(1_000), UTF_8);
                String item = form.startsWith("item=") ? URLDecoder.decode(form.substring(5), UTF_8) : "";
                if (Shop.PRICES.containsKey(item)) sendTo(exchange, shop.buy(item));
                else reply(exchange, 404, "{}");
            }
            default -> reply(exchange, 404, "{}");
        }
    }

    private static void sendTo(HttpExchange exchange, String address) throws IOException {
        exchange.getResponseHeaders().set("location", address);
        reply(exchange, 303, "");
    }

    private static void reply(HttpExchange exchange, int status, String body) throws IOException {
        exchange.getResponseHeaders().putIfAbsent("content-type", List.of("application/json"));
        exchange.getResponseHeaders().set("cache-control", "no-store");
        byte[] bytes = body.getBytes(UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) exchange.getResponseBody().write(bytes);
    }

    private static String page() {
        var form = new StringBuilder("<!doctype html><meta charset='utf-8'><form method='post' action='/orders'>");
        Shop.PRICES.forEach((item, won) ->
            form.append("<button name='item' value='%s'>%s %d원</button> ".formatted(item, item, won)));
        return form.append("</form>").toString();
    }
}
