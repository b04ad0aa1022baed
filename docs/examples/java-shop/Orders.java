import java.io.IOException;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Properties;

/**
 * What the shop knows: its orders, and how far it has read the feed. One file, written whole, in place of the database
 * that a shop has; `save` is its commit. Callers lock the object from the first change to `save`.
 */
final class Orders {
    private final Path file;
    private final Properties known = new Properties();

    Orders(Path path) throws IOException {
        file = path.toAbsolutePath();
        if (!Files.exists(file)) return;
        try (var text = Files.newBufferedReader(file)) {
            known.load(text);
        }
    }

    synchronized long cursor() {
        return Long.parseLong(known.getProperty("cursor", "0"));
    }

    synchronized void setCursor(long sequence) {
        known.setProperty("cursor", Long.toString(sequence));
    }

    /** Null: no order of this shop. */
    synchronized String status(String order) {
        return known.getProperty(order + ".status");
    }

    synchronized String ticket(String order) {
        return known.getProperty(order + ".ticket");
    }

    synchronized void set(String order, String status, String ticket) {
        known.setProperty(order + ".status", status);
        known.setProperty(order + ".ticket", ticket);
    }

    /** Whole or not at all, and on disk when this returns. */
    synchronized void save() throws IOException {
        var text = new StringWriter();
        known.store(text, null);
        Path next = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(next, text.toString());
        sync(next, StandardOpenOption.WRITE);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        sync(file.getParent(), StandardOpenOption.READ);
    }

    private static void sync(Path path, StandardOpenOption option) throws IOException {
        try (var channel = FileChannel.open(path, option)) {
            channel.force(true);
        }
    }
}
