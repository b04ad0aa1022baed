import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The payment API, as the shop's backend calls it. */
record Daegeum(String url, String merchantKey, String buyerSecret) {
    private static final HttpClient HTTP = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

    Map<String, Object> get(String path) throws IOException, InterruptedException {
        return answered(request(path).GET());
    }

    /** A lost answer is no second payment: what is sent again is sent with the same key. */
    Map<String, Object> post(String path, String body) throws IOException, InterruptedException {
        return answered(request(path).POST(BodyPublishers.ofString(body))
            .header("content-type", "application/json")
            .header("idempotency-key", UUID.randomUUID().toString()));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(url + "/api/v1" + path))
            .timeout(Duration.ofSeconds(15))
            .header("authorization", "Bearer " + merchantKey);
    }

    private static Map<String, Object> answered(HttpRequest.Builder asked) throws IOException, InterruptedException {
        var request = asked.build();
        for (int left = 3; ; left--) {
            IOException reason;
            try {
                var answer = HTTP.send(request, BodyHandlers.ofString(UTF_8));
                int status = answer.statusCode();
                if (status < 300) return Json.object(answer.body());
                reason = new IOException(request.method() + " " + request.uri().getPath() + ": " + answer.body());
                if (status < 500 && status != 429) left = 1; // Asked again, it would say the same.
            } catch (IOException lost) {
                reason = lost;
            }
            if (left == 1) throw reason;
            Thread.sleep(1_000);
        }
    }

    /** A buyer's own token, for pages that show buyers their payments. Ten minutes are enough for a page. */
    String buyerToken(String buyer) throws GeneralSecurityException {
        long until = Instant.now().getEpochSecond() + 600;
        String header = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
        String claims = "{\"sub\":%s,\"exp\":%d}".formatted(Json.quoted(buyer), until);
        String signed = base64url(header.getBytes(UTF_8)) + "." + base64url(claims.getBytes(UTF_8));
        var mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(buyerSecret.getBytes(UTF_8), "HmacSHA256"));
        return signed + "." + base64url(mac.doFinal(signed.getBytes(UTF_8)));
    }

    private static String base64url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
