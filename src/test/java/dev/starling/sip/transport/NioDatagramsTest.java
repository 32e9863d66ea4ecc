package dev.starling.sip.transport;

import java.io.IOException;
import java.net.InetSocketAddress;

class NioDatagramsTest extends DatagramsContract {
    @Override
    Datagrams bind(InetSocketAddress address, int longest) throws IOException {
        return NioDatagrams.bind(address, longest);
    }
}
