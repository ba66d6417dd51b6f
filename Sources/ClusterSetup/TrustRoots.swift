import NIOSSL

/// Certificates that servers' certificates are traced back to, instead of the system's.
package struct TrustRoots: Sendable {
    private let certificates: [NIOSSLCertificate]

    /// - Parameter pem: certificates one after the other.
    /// - Returns: nil if there is none, or one cannot be read.
    package init?(pem: [UInt8]) {
        let certificates = (try? NIOSSLCertificate.fromPEMBytes(pem)) ?? []
        guard !certificates.isEmpty else { return nil }
        self.certificates = certificates
    }

    package var roots: NIOSSLTrustRoots { .certificates(certificates) }
}
