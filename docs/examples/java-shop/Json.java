import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads JSON as Map, List, String, Long, Boolean and null: here in place of the library that a shop has for it. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(String text) {
        return (Map<String, Object>) new Json(text).value();
    }

    /** The text as JSON writes it. */
    static String quoted(String text) {
        var written = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c < ' ' || c == '"' || c == '\\') written.append(String.format("\\u%04x", (int) c));
            else written.append(c);
        }
        return written.append('"').toString();
    }

    private Object value() {
        return switch (next()) {
            case '{' -> fields();
            case '[' -> items();
            case '"' -> string();
            default -> word();
        };
    }

    private Map<String, Object> fields() {
        var fields = new LinkedHashMap<String, Object>();
        for (at++; next() != '}'; skip(',')) {
            String name = string();
            skip(':');
            fields.put(name, value());
        }
        at++;
        return fields;
    }

    private List<Object> items() {
        var items = new ArrayList<Object>();
        for (at++; next() != ']'; skip(',')) items.add(value());
        at++;
        return items;
    }

    private String string() {
        var read = new StringBuilder();
        for (at++; text.charAt(at) != '"'; at++) {
            read.append(text.charAt(at) == '\\' ? escaped() : text.charAt(at));
        }
        at++;
        return read.toString();
    }

    /** Ends on the last character of what it read. */
    private char escaped() {
        char c = text.charAt(++at);
        if (c != 'u') return "\b\f\n\r\t\"\\/".charAt("bfnrt\"\\/".indexOf(c));
        at += 4;
        return (char) Integer.parseInt(text.substring(at - 3, at + 1), 16);
    }

    private Object word() {
        int from = at;
        while (at < text.length() && (text.charAt(at) == '-' || Character.isLetterOrDigit(text.charAt(at)))) at++;
        return switch (text.substring(from, at)) {
            case "true" -> true;
            case "false" -> false;
            case "null" -> null;
            default -> Long.valueOf(text.substring(from, at));
        };
    }

    private char next() {
        while (Character.isWhitespace(text.charAt(at))) at++;
        return text.charAt(at);
    }

    private void skip(char expected) {
        if (next() == expected) at++;
    }
}
