import NIOSSL

/// Whom this node trusts as its signer, and the certificate by which the signer knows this node. Source:
/// remote-signer.md §A.5.
package struct SignerTLS: Sendable {
    /// Why there is none. For people; says nothing about files or flags.
    package enum Fault: Error, Hashable, CustomStringConvertible {
        case authority
        case certificate
        case key
        case password
        case mismatch

        package var description: String {
            switch self {
            case .authority, .certificate: "holds no certificate in PEM form"
            case .key: "holds no private key in PEM form"
            case .password: "is encrypted with another password, or there is none"
            case .mismatch: "is not the key of the certificate"
            }
        }
    }

    let configuration: TLSConfiguration

    /// TLS 1.2 or later; the signer's certificate must be valid for the host of its URL.
    ///
    /// - Parameters:
    ///   - authorities: a PEM file with the roots of signers' certificates; nil for those of the system.
    ///   - identity: PEM files: the certificate that the signer wants to see, and its key; nil for none.
    ///   - password: of the key, if it is encrypted.
    package init(
        authorities: [UInt8]?, identity: (certificate: [UInt8], key: [UInt8])?, password: [UInt8]?
    ) throws(Fault) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        if let authorities {
            let roots = (try? NIOSSLCertificate.fromPEMBytes(authorities)) ?? []
            guard !roots.isEmpty else { throw .authority }
            configuration.trustRoots = .certificates(roots)
        }
        if let identity {
            let chain = (try? NIOSSLCertificate.fromPEMBytes(identity.certificate)) ?? []
            guard !chain.isEmpty else { throw .certificate }
            configuration.certificateChain = chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.key(identity.key, password))
        }
        // Compares the two.
        guard (try? NIOSSLContext(configuration: configuration)) != nil else { throw .mismatch }
        self.configuration = configuration
    }

    private static func key(_ bytes: [UInt8], _ password: [UInt8]?) throws(Fault) -> NIOSSLPrivateKey {
        let isEncrypted = String(decoding: bytes, as: UTF8.self).contains("ENCRYPTED")
        // Without a password the library would ask for it on the terminal.
        if isEncrypted, password == nil { throw .password }
        do {
            return try NIOSSLPrivateKey(bytes: bytes, format: .pem) { give in give(password ?? []) }
        } catch {
            throw isEncrypted ? .password : .key
        }
    }
}

/// Without what is in it.
extension SignerTLS: CustomStringConvertible, CustomReflectable {
    package var description: String { "TLS towards signers" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
