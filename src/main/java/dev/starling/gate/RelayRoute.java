package dev.starling.gate;

import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebException;
import java.util.List;
import java.util.stream.Collectors;

/// `POST /relay`: where a client of this server finds relays, and a name and password for them that are good for some
/// hours (docs/protocols/sip.md, section 1). Only a certified device gets them, signed for as it signs a write.
public record RelayRoute(WriteAuthority authority, Relays relays) {
    /// What a client tells its ICE agent (RFC 8489, section 9.2: long-term credentials).
    ///
    /// @param uris RFC 7064 and 7065
    /// @param seconds for which they are good
    public record Grant(List<String> uris, String name, String password, long seconds) {
        public Grant {
            uris = List.copyOf(uris);
        }

        @Override
        public String toString() {
            return "Grant[" + uris + "]";
        }
    }

    /// Who gives them.
    public interface Relays {
        /// device, domain: what stands for a device, and the domain of its address; each has its share
        Grant grant(String device, String domain);
    }

    public void mount(Routes routes) {
        routes.on("POST", "/relay", 0, this::answer);
    }

    private Response answer(Request request) throws WebException {
        return switch (authority.judge(request)) {
            case WriteAuthority.Refused(int status, String reason, int retry) ->
                throw new WebException(status, reason, retry);
            case WriteAuthority.Allowed allowed -> {
                String address = allowed.address()
                        .orElseThrow(() -> new WebException(403, "Relays are for the people this server serves."))
                        .text();
                yield granted(relays.grant(allowed.owner().user(), address.substring(address.indexOf('@') + 1)));
            }
        };
    }

    private static Response granted(Grant grant) {
        return Response.json(
                200,
                "{\"uris\":[" + grant.uris().stream().map(Response::quote).collect(Collectors.joining(","))
                        + "],\"username\":" + Response.quote(grant.name()) + ",\"password\":"
                        + Response.quote(grant.password()) + ",\"ttl\":" + grant.seconds() + "}");
    }
}
