import NIOSSL

/// The certificate that validator clients see, with its key.
package struct TLSIdentity: Sendable {
    /// Why there is none. For people; says nothing about files or flags.
    package enum Fault: Error, Hashable, CustomStringConvertible {
        case certificate
        case key
        case encryptedKey
        case mismatch

        package var description: String {
            switch self {
            case .certificate: "holds no certificate in PEM form"
            case .key: "holds no private key in PEM form"
            case .encryptedKey: "is encrypted with a password"
            case .mismatch: "is not the key of the certificate"
            }
        }
    }

    package let configuration: TLSConfiguration

    /// - Parameters:
    ///   - certificate: a PEM file: the server's own certificate first, then those that lead to its root.
    ///   - key: a PEM file.
    package init(certificate: [UInt8], key: [UInt8]) throws(Fault) {
        let chain = (try? NIOSSLCertificate.fromPEMBytes(certificate)) ?? []
        guard !chain.isEmpty else { throw .certificate }
        if String(decoding: key, as: UTF8.self).contains("ENCRYPTED") { throw .encryptedKey }
        guard let key = try? NIOSSLPrivateKey(bytes: key, format: .pem) else { throw .key }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        // Every validator client has it.
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        // Compares the two.
        guard (try? NIOSSLContext(configuration: configuration)) != nil else { throw .mismatch }
        self.configuration = configuration
    }
}

/// Without what is in it.
extension TLSIdentity: CustomStringConvertible, CustomReflectable {
    package var description: String { "TLS identity" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
