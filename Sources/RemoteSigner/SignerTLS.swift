import ClusterSetup
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
        case keyStore

        package var description: String {
            switch self {
            case .authority, .certificate: "holds no certificate in PEM form"
            case .key: "holds no private key in PEM form"
            case .password: "is encrypted with another password, or there is none"
            case .mismatch: "is not the key of the certificate"
            case .keyStore: "cannot be opened: it is no PKCS#12 key store, or has another password"
            }
        }
    }

    /// By what the signer knows this node.
    package enum Identity: Sendable {
        /// - Parameter password: of the key, if it is encrypted.
        case pem(certificate: [UInt8], key: [UInt8], password: [UInt8]?)
        /// PKCS#12.
        case keyStore([UInt8], password: [UInt8]?)
    }

    let configuration: TLSConfiguration

    /// TLS 1.2 or later; the signer's certificate must be valid for the host of its URL.
    ///
    /// - Parameters:
    ///   - authorities: a PEM file with the roots of signers' certificates; nil for those of the system.
    ///   - identity: the certificate that the signer wants to see, and its key; nil for none.
    package init(authorities: [UInt8]?, identity: Identity?) throws(Fault) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        if let authorities {
            guard let roots = TrustRoots(pem: authorities) else { throw .authority }
            configuration.trustRoots = roots.roots
        }
        switch identity {
        case .pem(let certificate, let key, let password)?:
            let chain = (try? NIOSSLCertificate.fromPEMBytes(certificate)) ?? []
            guard !chain.isEmpty else { throw .certificate }
            configuration.certificateChain = chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.key(key, password))
        case .keyStore(let bytes, let password)?:
            let store = try Self.keyStore(bytes, password)
            configuration.certificateChain = store.certificateChain.map { .certificate($0) }
            configuration.privateKey = .privateKey(store.privateKey)
        case nil: break
        }
        // Compares the two.
        guard (try? NIOSSLContext(configuration: configuration)) != nil else {
            guard case .keyStore? = identity else { throw .mismatch }
            throw .keyStore
        }
        self.configuration = configuration
    }

    private static func keyStore(_ bytes: [UInt8], _ password: [UInt8]?) throws(Fault) -> NIOSSLPKCS12Bundle {
        let store =
            try? password.map { try NIOSSLPKCS12Bundle(buffer: bytes, passphrase: $0) }
            ?? NIOSSLPKCS12Bundle(buffer: bytes)
        guard let store, !store.certificateChain.isEmpty else { throw .keyStore }
        return store
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
