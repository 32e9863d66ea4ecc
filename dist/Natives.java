import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;

/// Takes the native libraries out of a jar of sqlite-jdbc, and puts the one of this system beside it: `java
/// dist/Natives.java JAR NEW-JAR LIBRARY SYSTEM`, where the system is for example Linux/x86_64. A server then needs no
/// folder from which it may load what it has written itself, and the package is a third smaller.
void main(String[] words) throws IOException {
    String own = "org/sqlite/native/" + words[3] + "/libsqlitejdbc.so";
    boolean found = false;
    try (var in = new JarFile(words[0]);
            var out = new JarOutputStream(Files.newOutputStream(Path.of(words[1])))) {
        for (JarEntry entry : in.stream().toList()) {
            boolean wanted = entry.getName().equals(own);
            found |= wanted;
            if (entry.getName().startsWith("org/sqlite/native/") && !wanted) continue;
            try (var bytes = in.getInputStream(entry);
                    var to = wanted ? Files.newOutputStream(Path.of(words[2])) : OutputStream.nullOutputStream()) {
                if (wanted) {
                    bytes.transferTo(to);
                    continue;
                }
                var copy = new JarEntry(entry.getName());
                copy.setTime(entry.getTime());
                out.putNextEntry(copy);
                bytes.transferTo(out);
            }
        }
    }
    if (!found) throw new IOException("no library for " + words[3] + " in " + words[0]);
}
