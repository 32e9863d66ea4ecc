package dev.starling.phone;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.message.Tokens;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.FlowSource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;

/// Where the phones of each account are (RFC 3261, section 10). A binding lives until it expires, and one over a
/// connection until that ends; those by UDP are remembered over a restart.
public final class PhoneRegistrar implements AutoCloseable {
    static final int PER_ACCOUNT = 5, MAX_BINDINGS = 200_000;
    private static final Duration SWEEP = Duration.ofSeconds(30);
    private static final int MAX_AGENT = 64;
    private static final DateTimeFormatter DATE = DateTimeFormatter.RFC_1123_DATE_TIME.withZone(ZoneOffset.UTC);

    private final PhoneAccounts accounts;
    private final FlowSource flows;
    private final TransactionLayer.Timers timers;
    private final Clock clock;
    private final BindingStore store;
    private final NatPings pings;

    /// Of an account, those refreshed longest ago first.
    private final Map<String, List<Binding>> byAccount = new HashMap<>();
    /// How many bindings a flow has, by its id.
    private final Map<String, List<Binding>> byFlow = new HashMap<>();
    private int size;

    /// What Date says in this second.
    private long dated = -1;

    private String date = "";
    private Consumer<String> changed = _ -> {};

    /// Reads what was remembered; throws when the file cannot be used.
    public PhoneRegistrar(
            Path file, PhoneAccounts accounts, FlowSource flows, TransactionLayer.Timers timers, Clock clock)
            throws IOException {
        this.accounts = accounts;
        this.flows = flows;
        this.timers = timers;
        this.clock = clock;
        store = new BindingStore(file, timers);
        pings = new NatPings(flows, timers, flow -> over(flow).filter(Binding::nat));
        for (Binding each : store.read(flows, clock.instant())) {
            add(each);
            pings.watch(each);
        }
        var _ = timers.after(SWEEP, this::sweep);
    }

    /// Names who hears of each account whose phones have changed.
    void onChange(Consumer<String> whom) {
        changed = whom;
    }

    /// The phones of an account that are here now, the one refreshed last first.
    public synchronized List<Binding> of(String account) {
        Instant now = clock.instant();
        var here = new ArrayList<Binding>(2);
        for (Binding each : byAccount.getOrDefault(account, List.of()))
            if (each.expires().isAfter(now) && each.flow().isOpen()) here.addFirst(each);
        return here;
    }

    /// A phone that is registered over this flow.
    synchronized Optional<Binding> over(Flow flow) {
        Instant now = clock.instant();
        for (Binding each : byFlow.getOrDefault(flow.id(), List.of()))
            if (each.expires().isAfter(now)) return Optional.of(each);
        return Optional.empty();
    }

    public synchronized int size() {
        return size;
    }

    /// The answer to a REGISTER of an account that has proven itself. All of it is done, or nothing.
    SipMessage register(String account, SipMessage request, Flow flow) throws SipException {
        String to = request.to().uri(), from = request.from().uri();
        if (!owns(account, to) || !from.equals(to) && !owns(account, from))
            throw new SipException(403, "Not the address of this account");
        var wanted = Register.parse(request, PER_ACCOUNT);
        InetSocketAddress remote = flow.remote().orElseThrow(() -> new SipException(500, "Server Internal Error"));
        boolean others;
        synchronized (this) {
            List<Binding> before = of(account), old = byAccount.getOrDefault(account, List.of());
            checkOrder(request, wanted, old);
            if (size + wanted.contacts().size() > MAX_BINDINGS)
                throw new SipException(503, "Too many phones", new SipException.Header("Retry-After", "60"));
            if (wanted.everything()) for (Binding each : old) remove(each);
            for (Register.Contact contact : wanted.contacts()) {
                var named = new ArrayList<Binding>(1);
                for (Binding each : byAccount.getOrDefault(account, List.of()))
                    if (contact.names(each)) named.add(each);
                if (contact.seconds() > 0) bind(binding(account, contact, request, flow, remote), named);
                else named.forEach(this::remove);
            }
            others = !areSameWays(of(account), before);
        }
        // It may have ended while the password was checked; then its end was told before it was bound.
        if (!flow.isOpen()) closed(flow);
        if (others) changed.accept(account);
        return answer(account, request, wanted);
    }

    /// The same phones, reached as before: what stays so when one registers again.
    private static boolean areSameWays(List<Binding> some, List<Binding> others) {
        if (some.size() != others.size()) return false;
        for (int i = 0; i < some.size(); i++) {
            Binding one = some.get(i), other = others.get(i);
            boolean same =
                    one.flow().id().equals(other.flow().id()) && one.contact().equals(other.contact());
            if (!same) return false;
        }
        return true;
    }

    private boolean owns(String account, String uri) throws SipException {
        return accounts.owns(account, SipUri.parse(uri));
    }

    // Section 10.3, item 7: what is older than what we know changes nothing.
    private static void checkOrder(SipMessage request, Register wanted, List<Binding> old) throws SipException {
        for (Binding each : old) {
            boolean named = wanted.everything();
            for (Register.Contact contact : wanted.contacts()) named |= contact.names(each);
            if (named && each.callId().equals(request.callId()) && request.cseq() <= each.cseq())
                throw new SipException(500, "CSeq out of order");
        }
    }

    private Binding binding(
            String account, Register.Contact contact, SipMessage request, Flow flow, InetSocketAddress remote) {
        String agent = request.required("user-agent");
        return new Binding(
                account,
                contact.text(),
                flow,
                remote,
                flows.local(flow),
                clock.instant().plusSeconds(contact.seconds()),
                contact.instance(),
                request.callId(),
                request.cseq(),
                agent.substring(0, Math.min(agent.length(), MAX_AGENT)),
                isBehindNat(contact.uri(), request, remote),
                Binding.UNWRITTEN);
    }

    /// The phone names itself differently from where it is.
    private static boolean isBehindNat(SipUri contact, SipMessage request, InetSocketAddress remote) {
        if (contact.port() != 0 && contact.port() != remote.getPort()) return true;
        String host = contact.host();
        if (host.startsWith("[")) host = host.substring(1, host.length() - 1);
        try {
            if (!InetAddress.ofLiteral(host).equals(remote.getAddress())) return true;
        } catch (IllegalArgumentException e) {
            return true;
        }
        // With our rport where its own sent-by would not do.
        String via = request.topVia(),
                received = Tokens.parameter(via, "received").orElse("");
        return !Tokens.head(via, ';').contains(received);
    }

    /// @param named what it takes the place of
    private void bind(Binding binding, List<Binding> named) {
        if (named.size() == 1 && binding.continues(named.getFirst())) {
            Binding before = named.getFirst();
            Binding next = before.until(binding.expires(), binding.callId(), binding.cseq());
            // What is written lasts until the phone asks again, if it goes on as it does: see [Binding#isWrittenFor].
            Binding kept = next.isWrittenFor(clock.instant()) ? next : written(next);
            replace(byAccount, before.account(), before, kept);
            replace(byFlow, before.flow().id(), before, kept);
            pings.watch(next);
            return;
        }
        named.forEach(this::remove);
        List<Binding> mine = byAccount.getOrDefault(binding.account(), List.of());
        if (mine.size() >= PER_ACCOUNT) remove(mine.getFirst());
        add(written(binding));
        pings.watch(binding);
    }

    private Binding written(Binding binding) {
        if (!binding.isDurable()) return binding;
        store.put(binding);
        return binding.asWritten();
    }

    private void add(Binding binding) {
        put(byAccount, binding.account(), binding);
        put(byFlow, binding.flow().id(), binding);
        size++;
    }

    private void remove(Binding binding) {
        if (unlist(binding)) store.remove(binding);
    }

    private boolean unlist(Binding binding) {
        if (!take(byAccount, binding.account(), binding)) return false;
        take(byFlow, binding.flow().id(), binding);
        size--;
        return true;
    }

    // Lists that do not change are the smallest; nearly all have one binding.
    private static void put(Map<String, List<Binding>> in, String key, Binding binding) {
        List<Binding> before = in.get(key);
        if (before == null) {
            in.put(key, List.of(binding));
            return;
        }
        var all = new ArrayList<>(before);
        all.add(binding);
        in.put(key, List.copyOf(all));
    }

    // Of two or more, the one refreshed last is the last.
    private static void replace(Map<String, List<Binding>> in, String key, Binding before, Binding next) {
        boolean alone = in.getOrDefault(key, List.of()).size() == 1;
        if (!alone) take(in, key, before);
        if (alone) in.put(key, List.of(next));
        else put(in, key, next);
    }

    private static boolean take(Map<String, List<Binding>> from, String key, Binding binding) {
        List<Binding> before = from.get(key);
        if (before == null || !before.contains(binding)) return false;
        if (before.size() == 1) return from.remove(key) != null;
        var all = new ArrayList<>(before);
        all.remove(binding);
        from.put(key, List.copyOf(all));
        return true;
    }

    private SipMessage answer(String account, SipMessage request, Register wanted) throws SipException {
        Edit answer = Edit.response(request, 200, "OK", TransactionLayer.tag());
        Instant now = clock.instant();
        for (Binding each : of(account)) {
            long left = Math.max(1, Duration.between(now, each.expires()).toSeconds());
            String instance = each.instance().isEmpty() ? "" : ";" + each.instance();
            answer.add("Contact", "<" + each.contact() + ">;expires=" + left + instance);
        }
        // RFC 5626, section 6: says that reg-id was understood.
        boolean outbound = wanted.contacts().stream().anyMatch(c -> c.instance().contains(";reg-id="))
                && request.elements("supported").contains("outbound");
        if (outbound) answer.add("Require", "outbound");
        return answer.add("Date", date(now)).build();
    }

    private synchronized String date(Instant now) {
        long second = now.getEpochSecond();
        if (second != dated) date = DATE.format(now);
        dated = second;
        return date;
    }

    /// A connection has ended, and with it what was registered over it.
    void closed(Flow flow) {
        var accounts = new TreeSet<String>();
        synchronized (this) {
            for (Binding each : byFlow.getOrDefault(flow.id(), List.of())) {
                remove(each);
                accounts.add(each.account());
            }
        }
        accounts.forEach(changed);
    }

    private void sweep() {
        var accounts = new TreeSet<String>();
        Instant now = clock.instant();
        synchronized (this) {
            var over = new ArrayList<Binding>();
            for (List<Binding> each : byAccount.values())
                for (Binding one : each) if (!one.expires().isAfter(now)) over.add(one);
            for (Binding each : over) {
                remove(each);
                accounts.add(each.account());
            }
        }
        accounts.forEach(changed);
        var _ = timers.after(SWEEP, this::sweep);
    }

    /// Writes what is not written yet.
    @Override
    public void close() {
        store.close();
    }
}
