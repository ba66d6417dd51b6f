import Cluster
import KeymanagerAPI
import Program
import ValidatorAPI

/// The keymanager API's address and token, as flags.
extension NodeConfiguration {
    private static let addressFlag = "keymanager-address"
    private static let tokenFlag = "keymanager-token-file"

    /// Checks what can be seen without opening a file.
    func validateKeymanager() throws(ConfigurationError) {
        guard !keymanagerAddress.isEmpty else { return }
        if signing == .off {
            throw ConfigurationError(
                flag: Self.addressFlag, what: "is given, but this node has no keys: a validator client signs",
                cure: "use the validator client's keymanager API, or add --signer keystores or --signer remote")
        }
        _ = try SocketAddressText(keymanagerAddress, flag: Self.addressFlag)
        if keymanagerTokenFile.isEmpty {
            throw ConfigurationError(
                flag: Self.tokenFlag, what: "is empty", cure: "name the file with the token of the API")
        }
    }

    /// Reads the token, or makes it where there is none; nil if the API is off.
    func keymanager(tls: TLSIdentity?) throws(ConfigurationError) -> KeymanagerConfiguration? {
        guard !keymanagerAddress.isEmpty else { return nil }
        let address = try SocketAddressText(keymanagerAddress, flag: Self.addressFlag)
        return KeymanagerConfiguration(
            host: address.host, port: address.port, token: try token(), tls: tls)
    }

    private func token() throws(ConfigurationError) -> BearerToken {
        let bytes: [UInt8]
        do throws(ClusterError) {
            if !FileAccess.isTaken(keymanagerTokenFile) {
                var generator = SystemRandomNumberGenerator()
                try FileAccess.createDirectories(FileAccess.parent(of: keymanagerTokenFile), mode: 0o700)
                try FileAccess.publish(keymanagerTokenFile, BearerToken.random(using: &generator), mode: 0o600)
            }
            bytes = try FileAccess.read(keymanagerTokenFile, bytesMax: 2 * BearerToken.bytesMax)
        } catch {
            throw ConfigurationError(
                flag: Self.tokenFlag, what: "cannot be used: \(error)",
                cure: "name a file that this program may read, or a place where it may make one")
        }
        guard let token = BearerToken(file: bytes) else {
            throw ConfigurationError(
                flag: Self.tokenFlag, what: "\(keymanagerTokenFile) holds no token",
                cure: "write one line of \(BearerToken.bytesMin) to \(BearerToken.bytesMax) visible characters without"
                    + " blanks, or remove the file: a new token is made then")
        }
        return token
    }
}
