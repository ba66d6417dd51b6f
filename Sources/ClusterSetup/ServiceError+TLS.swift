import NIOSSL

/// Why two sides did not come to trust each other, in the words of who sets up certificates. The library's own words are
/// error codes and places in its source.
extension ServiceError.Cause {
    /// nil for what is no error of TLS.
    init?(tls error: any Error) {
        if error as? NIOSSLExtraError == .failedToValidateHostname {
            self = .tls("its certificate is not for the host that was asked for")
        } else if case .handshakeFailed(let cause)? = error as? NIOSSLError {
            self = .tls(Self.reason("\(cause)"))
        } else {
            return nil
        }
    }

    /// - Parameter text: BoringSSL's, with `OPENSSL_internal:` before the name of the error.
    private static func reason(_ text: String) -> String {
        let known: [(name: String, reason: String)] = [
            (
                "CERTIFICATE_VERIFY_FAILED",
                "its certificate is out of date, or does not come from one that is trusted here"
            ),
            ("WRONG_VERSION_NUMBER", "it does not speak TLS there"),
            ("EOF during handshake", "it hung up before certificates were exchanged"),
        ]
        if let found = known.first(where: { text.contains($0.name) }) { return found.reason }
        guard let name = text.split(separator: "OPENSSL_internal:").dropFirst().first else { return text }
        return "the handshake ended with \(name.prefix { $0.isUppercase || $0.isNumber || $0 == "_" })"
    }
}
