import Secp256k1

/// What `create enr` makes: an identity key in a data directory. Source: spec/cli-create.md §2.
package struct NewIdentity: Sendable {
    package let key: PrivateKey
    /// Of the key file, below the data directory as the user wrote it.
    package let path: String

    /// Draws a key and writes it; the directory (0755) is made if missing.
    ///
    /// Anything of the key's name is left alone, be it unreadable or garbage: it may be somebody's only copy. Charon
    /// overwrites what it cannot read.
    package init(dataDirectory: String, using generator: inout some RandomNumberGenerator) throws(ClusterError) {
        path = FileAccess.join(dataDirectory, IdentityKeyFile.name)
        try Self.requireFree(path)
        do throws(ClusterError) { try FileAccess.createDirectories(dataDirectory, mode: 0o755) } catch {
            throw error.at("--data-dir", missing: "name a directory that is there or can be made")
        }
        key = .random(using: &generator)
        do throws(ClusterError) {
            try IdentityKeyFile.create(path, key)
        } catch {
            // Somebody else may have been faster.
            try Self.requireFree(path)
            throw error.at("--data-dir", missing: "name a directory that is there or can be made")
        }
    }

    private static func requireFree(_ path: String) throws(ClusterError) {
        guard FileAccess.isTaken(path) else { return }
        do throws(ClusterError) {
            _ = try IdentityKeyFile.load(path, option: "--data-dir")
        } catch {
            let cure = "it was left as it is; move it away if it is of no use, then try again"
            throw .field("\(IdentityKeyFile.name) already exists but cannot be used", "\(error); \(cure)")
        }
        throw .field(
            "\(IdentityKeyFile.name) already exists",
            "\(path) was left as it is; `styx enr` shows its record, another --data-dir gives another node its key")
    }

    /// What the command prints.
    package var summary: String {
        """
        Created ENR private key: \(path)
        \(ENR(signedBy: key).text)
        \(Notice(
            "Back up \(path)",
            [
                "This key is the node's identity in its cluster. Nobody can restore it,",
                "and without it the node cannot take part any more.",
                "Keep a copy in a safe place, and keep it secret.",
            ]).text)
        """
    }
}
