import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;

/** The forms of Java's standard library; foreign.py says how it is spoken to. */
class Java {
    interface Form {
        String of(String s) throws Exception;
    }

    static final String HEAD = "[[\"URLEncoder.encode\",1,\"percent\",[]],"
        + "[\"Base64.getEncoder\",3,\"base64\",[]],"
        + "[\"Base64.getUrlEncoder\",3,\"base64url\",[]],"
        + "[\"Base64.getMimeEncoder\",3,\"base64\",[]],"
        + "[\"HexFormat.of\",1,\"hex\",[]],"
        + "[\"HexFormat.ofDelimiter(\\\":\\\")\",1,\"hex\",[]],"
        + "[\"Properties.store\",1,\"\",[[\"k=\",\"\"]]]]";

    static final List<Form> FORMS = List.of(
        s -> URLEncoder.encode(s, StandardCharsets.UTF_8),
        s -> Base64.getEncoder().encodeToString(bytes(s)),
        s -> Base64.getUrlEncoder().encodeToString(bytes(s)),
        s -> Base64.getMimeEncoder().encodeToString(bytes(s)),
        s -> HexFormat.of().formatHex(bytes(s)),
        s -> HexFormat.ofDelimiter(":").formatHex(bytes(s)),
        Java::stored);

    static byte[] bytes(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    static String stored(String s) throws Exception {
        Properties p = new Properties();
        p.setProperty("k", s);
        StringWriter w = new StringWriter();
        p.store(w, null);
        return w.toString().split("\n", 2)[1].stripTrailing();
    }

    public static void main(String[] args) throws Exception {
        System.out.println(HEAD);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String s = new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
            List<String> outs = new ArrayList<>();
            for (Form f : FORMS) {
                outs.add("\"" + Base64.getEncoder().encodeToString(bytes(f.of(s))) + "\"");
            }
            System.out.println("[" + String.join(",", outs) + "]");
        }
    }
}
