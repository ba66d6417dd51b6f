import ClusterSetup
import Ethereum

/// Where the remote signers are, and how patient we are with them.
package struct SignerConfiguration: Sendable {
    /// At least one, each once. The first that lists a key signs with it.
    package var urls: [ServiceURL]
    /// Of a request for a signature.
    package var timeout: Duration
    /// nil: TLS as the system has it, where a URL asks for it.
    package var tls: SignerTLS?
    /// For a list of keys.
    var listTimeout: Duration = .seconds(10)
    /// How long what is signed waits for the rest of its duty.
    var flushAfter: Duration = .milliseconds(50)
    var bounds = SigningQueue.Bounds()

    package init(urls: [ServiceURL], timeout: Duration = .seconds(2), tls: SignerTLS? = nil) {
        self.urls = urls
        self.timeout = timeout
        self.tls = tls
    }
}
