package dev.starling.phone;

import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transport.Flow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// The phones of this peer: takes up what the command line adds, renews or removes while the peer runs.
public final class Phones implements PhoneAccounts, PhoneUser, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.phone");

    /// Makes the line of an account.
    public interface Lines {
        PhoneLine open(PhoneAccount account) throws IOException;
    }

    private final PhoneFolder folder;
    private final Lines lines;
    private final WatchService watch;
    private final Map<String, PhoneLine> open = new ConcurrentHashMap<>();

    /// When the file of each account was written that is open now.
    private final Map<String, Long> versions = new HashMap<>();

    public Phones(PhoneFolder folder, Lines lines) throws IOException {
        this.folder = folder;
        this.lines = lines;
        Files.createDirectories(folder.root());
        watch = folder.root().getFileSystem().newWatchService();
    }

    /// Takes up what is there; from then on what changes.
    public void start() {
        look();
        Thread.ofVirtual().name("phones").start(this::run);
    }

    /// The line of an account, by its user name.
    public Optional<PhoneLine> line(String user) {
        return Optional.ofNullable(open.get(user));
    }

    List<PhoneLine> lines() {
        return List.copyOf(open.values());
    }

    public int size() {
        return open.size();
    }

    @Override
    public Optional<Ha1> ha1(String user) {
        return line(user).map(each -> each.account().ha1());
    }

    /// A phone calls itself by its user name, or by the address for which it rings; at which host, it cannot know.
    @Override
    public boolean owns(String user, SipUri address) {
        return line(user).map(each -> isOf(each.account(), address)).orElse(false);
    }

    private static boolean isOf(PhoneAccount account, SipUri address) {
        if (address.user().equals(account.user())) return true;
        try {
            return Address.ofUri("sip:" + address.user() + "@" + address.host()).equals(account.address());
        } catch (IdentityException e) {
            return false;
        }
    }

    @Override
    public void request(String account, Flow flow, SipMessage request, RequestReceived server) {
        try {
            line(account)
                    .orElseThrow(() -> new SipException(403, "This phone was removed"))
                    .phoneAsks(request, server);
        } catch (SipException e) {
            Answers.respond(server, e);
        }
    }

    @Override
    public void acknowledged(Flow flow, SipMessage ack) {
        try {
            for (PhoneLine each : open.values()) each.phoneAcknowledges(ack);
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "ACK: " + e.reason());
        }
    }

    @Override
    public boolean knows(String account, DialogId dialog) {
        return line(account).map(each -> each.knows(dialog)).orElse(false);
    }

    @Override
    public void registered(String account) {
        line(account).ifPresent(PhoneLine::phoneChanged);
    }

    @Override
    public void closed(Flow flow, List<RequestReceived> unanswered) {
        // Whoever rings for a phone that is gone is told by CANCEL, as if the phone had sent it.
        for (RequestReceived each : unanswered) each.cancel(List.of());
    }

    private void run() {
        try {
            for (var key = watch.take(); ; key = watch.take()) {
                key.pollEvents();
                key.reset();
                look();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.nio.file.ClosedWatchServiceException e) {
            LOG.log(System.Logger.Level.DEBUG, "no more phones");
        }
    }

    private synchronized void look() {
        try {
            var _ = folder.root()
                    .register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_DELETE);
            var there = folder.all();
            for (PhoneAccount account : there) take(account);
            // An account that is not yet complete will be: its folder tells.
            for (var path : folder.folders())
                path.register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_DELETE);
            var users = there.stream().map(PhoneAccount::user).toList();
            for (String user : List.copyOf(open.keySet())) if (!users.contains(user)) drop(user);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the phones' accounts cannot be read", e);
        }
    }

    private void take(PhoneAccount account) throws IOException {
        long version = folder.version(account.user());
        if (Optional.ofNullable(versions.get(account.user())).equals(Optional.of(version))) return;
        drop(account.user());
        try {
            open.put(account.user(), lines.open(account));
            versions.put(account.user(), version);
            LOG.log(System.Logger.Level.INFO, () -> "phone " + account.user() + " of " + account.address());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "phone " + account.user() + " is left out: " + e.getMessage());
        }
    }

    private void drop(String user) {
        versions.remove(user);
        Optional.ofNullable(open.remove(user)).ifPresent(PhoneLine::close);
    }

    @Override
    public synchronized void close() {
        for (String user : List.copyOf(open.keySet())) drop(user);
        try {
            watch.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "closing", e);
        }
    }
}
