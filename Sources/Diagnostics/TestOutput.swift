import Cluster
import ClusterSetup
import Glibc
import Secp256k1

/// What becomes of results: printed, kept in a file, published.
package struct TestOutput: Sendable {
    /// To the Obol API.
    package struct Publication: Sendable {
        let address: ServiceURL
        let key: PrivateKey

        /// - Parameter privateKeyFile: of this operator; without the file a key is made up.
        package init(address: String, privateKeyFile: String) throws {
            do throws(ServiceURL.Fault) {
                self.address = try ServiceURL(address)
            } catch {
                throw DiagnosticsError.flag("publish-address", "is \(error)")
            }
            key = FileAccess.isTaken(privateKeyFile) ? try IdentityKeyFile.load(privateKeyFile) : .random()
        }
    }

    /// `--output-json`; empty for none.
    package var path = ""
    package var isQuiet = false
    package var publication: Publication?

    package init() {}

    /// Before anything is tested: results of an hour shall not be lost to a slip.
    package func check() throws {
        guard path.isEmpty else {
            _ = try ResultFile(path: path)
            let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
            guard access(parent, W_OK | X_OK) == 0 else {
                throw ClusterError.system(action: "--output-json: write to", path: parent, code: errno)
            }
            return
        }
        if isQuiet { throw DiagnosticsError.flag("quiet", "needs --output-json: else nobody would see the results") }
    }

    /// - Parameter show: gets the report, unless it is to be quiet.
    package func write(_ results: [CategoryResult], web: WebClient, show: (String) -> Void) async throws {
        if !isQuiet { for result in results { show(result.text) } }
        var file = path.isEmpty ? ResultFile() : try ResultFile(path: path)
        for result in results { file.merge(result) }
        if !path.isEmpty { try file.write(path) }
        guard let publication else { return }
        let signed = SignedTestResults(file.json, signedBy: publication.key)
        try await ObolAPI(publication.address, web: web).publish(signed)
    }
}
