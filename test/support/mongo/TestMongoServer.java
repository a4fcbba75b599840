import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.io.IOException;
import java.util.List;

/** Serves the MongoDB protocol from memory on a free port, which it prints, until its input ends. */
public class TestMongoServer {

  /** The driver of mongoose 9 talks to nothing older than wire version 9; 13 is that of MongoDB 5.0. */
  private record Version(List<Integer> getVersionArray, int getWireVersion) implements MongoVersion {}

  public static void main(String[] args) throws IOException {
    var backend = new MemoryBackend();
    backend.version(new Version(List.of(5, 0, 0), 13));
    var server = new MongoServer(backend);
    System.out.println("port " + server.bind().getPort());
    while (System.in.read() != -1) {}
    server.shutdownNow();
  }
}
