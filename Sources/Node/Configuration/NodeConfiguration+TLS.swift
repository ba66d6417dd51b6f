import Cluster
import Program
import ValidatorAPI

/// The validator API's certificate and key, as files.
extension NodeConfiguration {
    private static let certificateFlag = "vc-tls-cert-file"
    private static let keyFlag = "vc-tls-key-file"
    /// Of each file; a chain of certificates has a few kilobytes.
    private static let bytesMax = 1 << 20

    /// - Throws: if there is one without the other.
    func validateTLSFiles() throws(ConfigurationError) {
        guard validatorAPICertificateFile.isEmpty != validatorAPIKeyFile.isEmpty else { return }
        let (missing, given) =
            validatorAPIKeyFile.isEmpty
            ? (Self.keyFlag, Self.certificateFlag) : (Self.certificateFlag, Self.keyFlag)
        throw ConfigurationError(
            flag: missing, what: "is missing beside --\(given)",
            cure: "give both files for TLS, or neither for plain HTTP")
    }

    /// Nil without TLS.
    ///
    /// - Throws: if a file cannot be read, or the two do not belong together.
    func tlsIdentity() throws(ConfigurationError) -> TLSIdentity? {
        try validateTLSFiles()
        guard !validatorAPICertificateFile.isEmpty else { return nil }
        let certificate = try Self.read(validatorAPICertificateFile, Self.certificateFlag)
        let key = try Self.read(validatorAPIKeyFile, Self.keyFlag)
        do throws(TLSIdentity.Fault) {
            return try TLSIdentity(certificate: certificate, key: key)
        } catch {
            let isKey = error != .certificate
            throw ConfigurationError(
                flag: isKey ? Self.keyFlag : Self.certificateFlag,
                what: "\(isKey ? validatorAPIKeyFile : validatorAPICertificateFile) \(error)", cure: error.cure)
        }
    }

    private static func read(_ path: String, _ flag: String) throws(ConfigurationError) -> [UInt8] {
        do throws(ClusterError) {
            return try FileAccess.read(path, bytesMax: bytesMax)
        } catch {
            throw ConfigurationError(
                flag: flag, what: "cannot be used: \(error)", cure: "name a PEM file that this program may read")
        }
    }
}

extension TLSIdentity.Fault {
    fileprivate var cure: String {
        switch self {
        case .certificate: "give the server's certificate first, then those of its issuers"
        case .key: "give a key that begins with -----BEGIN PRIVATE KEY----- or the like"
        case .encryptedKey: "give the key without a password, readable by this program only"
        case .mismatch: "give the certificate and the key that were made for each other"
        }
    }
}
