import Crypto
import Foundation
import NIOSSL
import X509

/// A certificate and its key, made now and good for an hour, as PEM files have them. It may issue others.
package struct TestCertificate: Sendable {
    package let certificate: [UInt8]
    package let key: [UInt8]
    private let name: DistinguishedName
    private let signingKey: P256.Signing.PrivateKey

    /// - Parameters:
    ///   - host: what it is for, by name.
    ///   - issuer: nil for one that issued itself.
    package init(host: String = "localhost", issuer: TestCertificate? = nil) throws {
        let own = P256.Signing.PrivateKey()
        // Each has a name of its own: who checks a certificate looks for its issuer by name.
        let number = own.publicKey.rawRepresentation.prefix(4).map { String($0) }.joined(separator: ".")
        let subject = try DistinguishedName { CommonName("styx test \(number)") }
        let made = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(own.publicKey),
            notValidBefore: .now - 3600, notValidAfter: .now + 3600, issuer: issuer?.name ?? subject, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                SubjectAlternativeNames([.dnsName(host)])
            },
            issuerPrivateKey: .init(issuer?.signingKey ?? own))
        certificate = Array((try made.serializeAsPEM().pemString + "\n").utf8)
        key = Array(own.pemRepresentation.utf8)
        name = subject
        signingKey = own
    }

    /// Of a server that shows it.
    ///
    /// - Parameter version: the only one it speaks, but for 1.1, which stands for all before 1.2.
    package func server(_ version: TLSVersion = .tlsv13) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem)))
        tls.minimumTLSVersion = version == .tlsv11 ? .tlsv1 : version
        tls.maximumTLSVersion = version
        return tls
    }
}
