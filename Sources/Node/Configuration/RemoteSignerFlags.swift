import Cluster
import ClusterSetup
import Program
import RemoteSigner

/// The flags of `--signer remote`, as they were given. Files are PEM; empty means not given.
package struct RemoteSignerFlags: Sendable {
    static let urlsMax = 16
    /// Of each file; a chain of certificates has a few kilobytes.
    private static let bytesMax = 1 << 20
    private static let authorityFlag = "signer-ca-file"
    private static let certificateFlag = "signer-cert-file"
    private static let keyFlag = "signer-key-file"
    private static let passwordFlag = "signer-key-password-file"
    private static let storeFlag = "signer-key-store-file"
    private static let storePasswordFlag = "signer-key-store-password-file"

    package static let defaultTimeout: Duration = .seconds(2)

    package var urls: [String] = []
    package var authorityFile = ""
    package var certificateFile = ""
    package var keyFile = ""
    package var keyPasswordFile = ""
    /// PKCS#12, instead of certificate and key.
    package var keyStoreFile = ""
    package var keyStorePasswordFile = ""
    /// nil: not given, `defaultTimeout`.
    package var timeout: Duration?

    package init() {}

    private var files: [(flag: String, path: String)] {
        [
            (Self.authorityFlag, authorityFile), (Self.certificateFlag, certificateFile), (Self.keyFlag, keyFile),
            (Self.passwordFlag, keyPasswordFile), (Self.storeFlag, keyStoreFile),
            (Self.storePasswordFlag, keyStorePasswordFile),
        ]
    }

    /// Checks what can be seen without opening a file.
    ///
    /// - Parameter isUsed: whether remote signers sign.
    package func validate(isUsed: Bool) throws(ConfigurationError) {
        guard isUsed else { return try validateAbsence() }
        let addresses = try addresses()
        if let timeout, timeout <= .zero {
            throw ConfigurationError(flag: "signer-timeout", what: "is not above zero", cure: "use e.g. 2s")
        }
        if !addresses.contains(where: \.isEncrypted), let file = files.first(where: { !$0.path.isEmpty }) {
            throw ConfigurationError(
                flag: file.flag, what: "is for TLS, and no --signer-url begins with https://",
                cure: "write https:// or leave the flag out")
        }
        if !keyStoreFile.isEmpty, !certificateFile.isEmpty || !keyFile.isEmpty {
            throw ConfigurationError(
                flag: Self.storeFlag, what: "is given beside --\(Self.certificateFlag) or --\(Self.keyFlag)",
                cure: "a key store holds both: leave them out, or leave it out")
        }
        if keyStoreFile.isEmpty, !keyStorePasswordFile.isEmpty {
            throw ConfigurationError(
                flag: Self.storePasswordFlag, what: "is given without --\(Self.storeFlag)",
                cure: "name the key store that it is the password of")
        }
        guard certificateFile.isEmpty == keyFile.isEmpty else {
            let (missing, given) =
                keyFile.isEmpty ? (Self.keyFlag, Self.certificateFlag) : (Self.certificateFlag, Self.keyFlag)
            throw ConfigurationError(
                flag: missing, what: "is missing beside --\(given)",
                cure: "give both files if the signer wants a certificate, or neither")
        }
        if keyFile.isEmpty, !keyPasswordFile.isEmpty {
            throw ConfigurationError(
                flag: Self.passwordFlag, what: "is given without --\(Self.keyFlag)",
                cure: "name the key that it is the password of")
        }
    }

    private func validateAbsence() throws(ConfigurationError) {
        var given = files.filter { !$0.path.isEmpty }.map(\.flag)
        if !urls.isEmpty { given.insert("signer-url", at: 0) }
        if timeout != nil { given.append("signer-timeout") }
        guard let flag = given.first else { return }
        throw ConfigurationError(
            flag: flag, what: "is given, but no remote signer is used", cure: "add --signer remote, or leave it out")
    }

    private func addresses() throws(ConfigurationError) -> [ServiceURL] {
        func refused(_ what: String, _ cure: String = "write e.g. https://signer:9000") -> ConfigurationError {
            ConfigurationError(flag: "signer-url", what: what, cure: cure)
        }
        guard !urls.isEmpty else { throw refused("is missing beside --signer remote") }
        guard urls.count <= Self.urlsMax else {
            throw refused("names \(urls.count) signers", "name at most \(Self.urlsMax)")
        }
        var addresses: [ServiceURL] = []
        for text in urls {
            let address: ServiceURL
            do throws(ServiceURL.Fault) { address = try ServiceURL(text) } catch {
                throw refused("has an entry that is \(error)")
            }
            // The text may hold a password: never repeated.
            guard !text.contains(where: { $0 == "?" || $0 == "#" }) else {
                throw refused("has a query or fragment, which signers do not use")
            }
            guard !addresses.contains(where: { $0.origin == address.origin && $0.path == address.path }) else {
                throw refused("names \(address) twice", "name each signer once")
            }
            addresses.append(address)
        }
        return addresses
    }

    /// Opens the files.
    func configuration() throws(ConfigurationError) -> SignerConfiguration {
        let addresses = try addresses()
        let tls = addresses.contains(where: \.isEncrypted) ? try tls() : nil
        return SignerConfiguration(urls: addresses, timeout: timeout ?? Self.defaultTimeout, tls: tls)
    }

    private func tls() throws(ConfigurationError) -> SignerTLS {
        let authorities = try Self.read(authorityFile, Self.authorityFlag)
        let certificate = try Self.read(certificateFile, Self.certificateFlag)
        let key = try Self.read(keyFile, Self.keyFlag)
        let store = try Self.read(keyStoreFile, Self.storeFlag)
        let password = try Self.readPassword(keyPasswordFile, Self.passwordFlag)
        let storePassword = try Self.readPassword(keyStorePasswordFile, Self.storePasswordFlag)
        do throws(SignerTLS.Fault) {
            if let store {
                return try SignerTLS(
                    authorities: authorities, identity: .keyStore(store, password: storePassword))
            }
            guard let certificate, let key else { return try SignerTLS(authorities: authorities, identity: nil) }
            return try SignerTLS(
                authorities: authorities, identity: .pem(certificate: certificate, key: key, password: password))
        } catch {
            throw refused(error)
        }
    }

    private func refused(_ fault: SignerTLS.Fault) -> ConfigurationError {
        let (flag, path, cure) =
            switch fault {
            case .authority: (Self.authorityFlag, authorityFile, "give the certificate that signed the signer's")
            case .certificate:
                (Self.certificateFlag, certificateFile, "give this node's certificate first, then those of its issuers")
            case .key: (Self.keyFlag, keyFile, "give a key that begins with -----BEGIN PRIVATE KEY----- or the like")
            case .password: (Self.keyFlag, keyFile, "give its password in --\(Self.passwordFlag)")
            case .mismatch: (Self.keyFlag, keyFile, "give the certificate and the key that were made for each other")
            case .keyStore:
                (
                    Self.storeFlag, keyStoreFile,
                    "give a PKCS#12 file (.p12 or .pfx) with a certificate and its key, and its password in"
                        + " --\(Self.storePasswordFlag)"
                )
            }
        return ConfigurationError(flag: flag, what: "\(path) \(fault)", cure: cure)
    }

    /// Without the end of the line. nil if the flag is not given.
    private static func readPassword(_ path: String, _ flag: String) throws(ConfigurationError) -> [UInt8]? {
        var password = try read(path, flag)
        while password?.last.map({ [UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains($0) }) == true {
            password?.removeLast()
        }
        return password
    }

    /// nil if the flag is not given.
    private static func read(_ path: String, _ flag: String) throws(ConfigurationError) -> [UInt8]? {
        guard !path.isEmpty else { return nil }
        do throws(ClusterError) {
            return try FileAccess.read(path, bytesMax: bytesMax)
        } catch {
            throw ConfigurationError(
                flag: flag, what: "cannot be used: \(error)", cure: "name a file that this program may read")
        }
    }
}

/// URLs may hold passwords.
extension RemoteSignerFlags: CustomStringConvertible, CustomReflectable {
    package var description: String { "\(urls.count) remote signers" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
