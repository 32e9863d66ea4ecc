package dev.starling.ca;

import dev.starling.ca.validation.Mailer;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// A mail server that takes everything and shows it, or fails in the way it is told.
public final class Letters implements Mailer {
    public record Letter(String to, String subject, String text) {
        public String code() {
            return subject.replace("ACME: ", "");
        }
    }

    /// What happens instead of a delivery.
    public interface Trouble {
        void strike() throws IOException;
    }

    public final List<Letter> all = new CopyOnWriteArrayList<>();
    private volatile Trouble trouble = () -> {};
    private volatile int attempts;

    public void trouble(Trouble next) {
        trouble = next;
    }

    public int attempts() {
        return attempts;
    }

    @Override
    public void send(String to, String subject, String text) throws IOException {
        synchronized (this) {
            attempts++;
        }
        trouble.strike();
        all.add(new Letter(to, subject, text));
    }

    public Letter last() {
        return all.getLast();
    }
}
