import Crypto
import Foundation
import NIOSSL
import SSZ
import TestSupport
import Testing
import X509

@testable import RemoteSigner

@Suite("TLS towards remote signers") struct SignerTLSTests {
    /// Certificate and key, made now, as PEM files have them.
    struct Pair {
        let certificate: [UInt8]
        let key: [UInt8]

        init(host: String = "localhost") throws {
            let key = P256.Signing.PrivateKey()
            let name = try DistinguishedName { CommonName("styx test") }
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key.publicKey),
                notValidBefore: .now - 3600, notValidAfter: .now + 3600, issuer: name, subject: name,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                    SubjectAlternativeNames([.dnsName(host)])
                },
                issuerPrivateKey: .init(key))
            self.certificate = Array((try certificate.serializeAsPEM().pemString + "\n").utf8)
            self.key = Array(key.pemRepresentation.utf8)
        }

        /// - Parameter clients: whose certificates are asked for; nobody's if nil.
        func server(clients: Pair? = nil, _ version: TLSVersion = .tlsv12) throws -> TLSConfiguration {
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem)))
            tls.minimumTLSVersion = version == .tlsv11 ? .tlsv1 : version
            tls.maximumTLSVersion = version
            if let clients {
                tls.certificateVerification = .noHostnameVerification
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(clients.certificate))
            }
            return tls
        }
    }

    private static let keys = [SignerScene.key(0)]

    /// Whether a signer behind this server signs for this client.
    private static func signs(_ server: TLSConfiguration, _ client: SignerTLS?) async throws -> Bool {
        try await FakeSigner.with(tls: server, FakeSigner.signing(with: keys)) { signer in
            try await SignerScene.run([signer.url], tls: client) { client, _ in
                let outcome = await client.outcome(of: SignerScene.orders(keys), within: .seconds(2))
                for failure in outcome.failures.values {
                    guard case .unreachable = failure else {
                        Issue.record("\(failure)")
                        continue
                    }
                }
                return outcome.signatures.count == 1
            }
        }
    }

    private static func trusting(_ server: Pair, as own: Pair? = nil) throws -> SignerTLS {
        try SignerTLS(
            authorities: server.certificate,
            identity: own.map { .pem(certificate: $0.certificate, key: $0.key, password: nil) })
    }

    @Test("a signer whose certificate is trusted signs", arguments: [TLSVersion.tlsv12, .tlsv13])
    func trusted(version: TLSVersion) async throws {
        let server = try Pair()
        #expect(try await Self.signs(try server.server(version), try Self.trusting(server)))
    }

    @Test("a stranger's certificate, one for another host, and an old version are refused")
    func refused() async throws {
        let (server, other, elsewhere) = (try Pair(), try Pair(), try Pair(host: "elsewhere.example"))
        #expect(try await !Self.signs(try server.server(), try Self.trusting(other)))
        #expect(try await !Self.signs(try server.server(), nil))
        #expect(try await !Self.signs(try elsewhere.server(), try Self.trusting(elsewhere)))
        #expect(try await !Self.signs(try server.server(.tlsv11), try Self.trusting(server)))
    }

    @Test("mutual TLS: only who shows the right certificate is served")
    func mutual() async throws {
        let (server, own, other) = (try Pair(), try Pair(), try Pair())
        #expect(try await Self.signs(try server.server(clients: own), try Self.trusting(server, as: own)))
        #expect(try await !Self.signs(try server.server(clients: own), try Self.trusting(server)))
        #expect(try await !Self.signs(try server.server(clients: own), try Self.trusting(server, as: other)))
    }

    @Test("files that are none, or do not belong together, are told apart")
    func faults() throws {
        let (pair, other) = (try Pair(), try Pair())
        let encrypted = Array(Self.encryptedKey.utf8)
        func fault(_ authorities: [UInt8]?, _ identity: ([UInt8], [UInt8])?, _ password: String? = nil) -> SignerTLS
            .Fault?
        {
            do throws(SignerTLS.Fault) {
                _ = try SignerTLS(
                    authorities: authorities,
                    identity: identity.map {
                        .pem(certificate: $0.0, key: $0.1, password: password.map { Array($0.utf8) })
                    })
                return nil
            } catch { return error }
        }
        #expect(fault(nil, nil) == nil)
        #expect(fault(pair.certificate, (pair.certificate, pair.key)) == nil)
        #expect(fault([], nil) == .authority)
        #expect(fault(pair.key, nil) == .authority)
        #expect(fault(nil, (pair.key, pair.key)) == .certificate)
        #expect(fault(nil, (pair.certificate, pair.certificate)) == .key)
        #expect(fault(nil, (pair.certificate, other.key)) == .mismatch)
        #expect(fault(nil, (pair.certificate, encrypted)) == .password)
        #expect(fault(nil, (pair.certificate, encrypted), "wrong") == .password)
        // Opened; it is another certificate's.
        #expect(fault(nil, (pair.certificate, encrypted), "styx-test") == .mismatch)
    }

    /// Of P-256, made for this test, in PKCS #8 with PBES2.
    private static let encryptedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiS3NnTDLcygQICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEN67+f3dgEfqwwlpRoB9RB8EgZDO
        BdgSqo8Jj/XpSWYV8WMlxm10uWDOf5cxdp5QWNO/AYnFcl42bx+pUGLqzpOTuvXF
        ghW24BtqWgpliLCchPnMBQChCt6Rk7JclkdC1crPd17EXmiQHuvBuEWpnTH4rl3A
        M2ckl97AhOeXEEvcgXuOOLwRbSKjMExoAuc9bj8lIktCFxehcy811NKrFCA4YgM=
        -----END ENCRYPTED PRIVATE KEY-----
        """
}
