import Foundation
import Program
import TestSupport
import Testing

@testable import Node

@Suite("flags of the remote signer") struct RemoteSignerFlagsTests {
    private static func node(_ change: (inout NodeConfiguration) -> Void) -> NodeConfiguration {
        var node = NodeConfiguration()
        node.beaconNodeEndpoints = ["http://localhost:5052"]
        node.signing = .remote
        node.remoteSigner.urls = ["https://signer:9000"]
        change(&node)
        return node
    }

    /// The flag that an error names.
    private static func refused(_ change: (inout NodeConfiguration) -> Void) -> String? {
        do {
            let node = node(change)
            try node.validate()
            if node.signing == .remote { _ = try node.remoteSigner.configuration() }
            return nil
        } catch { return error.flag }
    }

    @Test("what makes sense is taken")
    func taken() {
        #expect(Self.refused { _ in } == nil)
        #expect(
            Self.refused { $0.remoteSigner.urls = ["http://127.0.0.1:9000/", "https://user:pw@b/x", "https://b/y"] }
                == nil)
        #expect(Self.refused { $0.remoteSigner.timeout = .milliseconds(500) } == nil)
        #expect(Self.refused { ($0.signing, $0.remoteSigner) = (.keystores, RemoteSignerFlags()) } == nil)
    }

    @Test("what makes no sense is refused by the flag's name")
    func refused() {
        #expect(Self.refused { $0.remoteSigner.urls = [] } == "signer-url")
        for url in ["signer:9000", "ftp://x", "https://", "https://a?key=1", "https://a#x", "https://a:70000"] {
            #expect(Self.refused { $0.remoteSigner.urls = [url] } == "signer-url", "\(url)")
        }
        #expect(Self.refused { $0.remoteSigner.urls = ["https://a", "https://x:y@a/"] } == "signer-url")
        #expect(Self.refused { $0.remoteSigner.urls = (0..<17).map { "https://s\($0)" } } == "signer-url")
        #expect(Self.refused { $0.remoteSigner.timeout = .zero } == "signer-timeout")
        #expect(Self.refused { $0.validatorKeysDirectory = "keys" } == "validator-keys-dir")
        #expect(Self.refused { $0.remoteSigner.certificateFile = "c.pem" } == "signer-key-file")
        #expect(Self.refused { $0.remoteSigner.keyFile = "k.pem" } == "signer-cert-file")
        #expect(Self.refused { $0.remoteSigner.keyPasswordFile = "p.txt" } == "signer-key-password-file")
        #expect(Self.refused { $0.remoteSigner.keyStorePasswordFile = "p.txt" } == "signer-key-store-password-file")
        for file in [\RemoteSignerFlags.certificateFile, \RemoteSignerFlags.keyFile] {
            #expect(
                Self.refused { node in
                    node.remoteSigner.keyStoreFile = "s.p12"
                    node.remoteSigner[keyPath: file] = "x.pem"
                } == "signer-key-store-file")
        }
        let open = { (node: inout NodeConfiguration) in node.remoteSigner.urls = ["http://signer"] }
        #expect(
            Self.refused {
                open(&$0); $0.remoteSigner.authorityFile = "ca.pem"
            } == "signer-ca-file")
        for signing in [NodeConfiguration.Signing.off, .keystores] {
            #expect(Self.refused { $0.signing = signing } == "signer-url")
            #expect(
                Self.refused {
                    ($0.signing, $0.remoteSigner.urls, $0.remoteSigner.timeout) = (signing, [], .seconds(1))
                } == "signer-timeout")
            #expect(
                Self.refused { ($0.signing, $0.remoteSigner.urls, $0.remoteSigner.keyFile) = (signing, [], "k") }
                    == "signer-key-file")
        }
    }

    @Test("files that cannot be used are named with their flag")
    func files() throws {
        let directory = try TemporaryDirectory()
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: directory.file("nonsense.pem")))
        let (missing, nonsense) = (directory.file("missing.pem"), directory.file("nonsense.pem"))
        for path in [missing, nonsense] {
            #expect(Self.refused { $0.remoteSigner.authorityFile = path } == "signer-ca-file")
            #expect(
                Self.refused { ($0.remoteSigner.certificateFile, $0.remoteSigner.keyFile) = (path, path) }
                    == "signer-cert-file")
            #expect(Self.refused { $0.remoteSigner.keyStoreFile = path } == "signer-key-store-file")
        }
        do {
            var flags = RemoteSignerFlags()
            flags.urls = ["https://Sec-User:Sec-Pass@signer"]
            flags.authorityFile = missing
            _ = try flags.configuration()
        } catch {
            #expect("\(error)".contains(missing) && !"\(error)".contains("Sec-"))
        }
    }

    @Test("nothing printed repeats a URL's password")
    func secrets() {
        let node = Self.node { $0.remoteSigner.urls = ["https://Sec-User:Sec-Pass@a?Sec-Query", "Sec-Word"] }
        var dumped = "\(node) \(node.remoteSigner)"
        dump(node.remoteSigner, to: &dumped)
        do { try node.validate() } catch { dumped += "\(error)" }
        #expect(!dumped.contains("Sec-"), "\(dumped)")
    }
}
