import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/// Takes the signatures out of the copies in target/lib: `java .ci/Unsign.java JAR…`. Maven has checked what it downloaded; at run time OpenJDK
/// would read and check a 10 MB jar's signature at every start, and its class cache (JEP 483) leaves out signed jars.
void main(String[] jars) throws IOException {
    for (String each : jars) {
        Path jar = Path.of(each);
        try (var in = new JarFile(jar.toFile(), false)) {
            if (in.stream().noneMatch(entry -> isSignature(entry.getName()))) continue;
            Path fresh = jar.resolveSibling(jar.getFileName() + ".new");
            var manifest = new Manifest(in.getManifest());
            // Only the digests of single entries stand here.
            manifest.getEntries().clear();
            try (var out = new JarOutputStream(Files.newOutputStream(fresh), manifest)) {
                for (JarEntry entry : in.stream().toList()) {
                    if (isSignature(entry.getName()) || entry.getName().equals(JarFile.MANIFEST_NAME)) continue;
                    var copy = new JarEntry(entry.getName());
                    copy.setTime(entry.getTime());
                    out.putNextEntry(copy);
                    try (var bytes = in.getInputStream(entry)) {
                        bytes.transferTo(out);
                    }
                }
            }
            Files.move(fresh, jar, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}

boolean isSignature(String name) {
    return name.matches("META-INF/[^/]+\\.(SF|RSA|DSA|EC)");
}
