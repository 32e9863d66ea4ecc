/// One of the two servers in a process of its own; says its port.
public final class Serve {
    private Serve() {}

    public static void main(String[] arguments) throws Exception {
        var served = new Served();
        int port = arguments[0].equals("jetty") ? JettyServer.start(served) : HelidonServer.start(served);
        System.out.println("port " + port);
        // Ends when whoever started it ends or says a line.
        while (true) {
            int b = System.in.read();
            if (b < 0) System.exit(0);
            if (b == 'g') {
                for (int i = 0; i < 3; i++) System.gc();
                long used = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
                System.out.println("heap " + used);
            }
        }
    }
}
