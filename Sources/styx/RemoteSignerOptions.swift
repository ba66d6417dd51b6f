import ArgumentParser
import Node

/// Where the remote signer is and how it and this node know each other.
struct RemoteSignerOptions: ParsableArguments {
    static let names = [
        "signer-url", "signer-ca-file", "signer-cert-file", "signer-key-file", "signer-key-password-file",
        "signer-key-store-file", "signer-key-store-password-file", "signer-timeout",
    ]

    @Option(
        help: """
            Remote signers for --signer remote, comma-separated URLs, e.g. https://signer:9000. A key share is signed with by \
            the first that has it, and by the next when that is out of reach.
            """)
    var signerUrl: [String] = []
    @Option(help: "Certificates that signed those of the remote signers, a PEM file. Default: those of the system.")
    var signerCaFile = ""
    @Option(help: "Certificate by which remote signers know this node, a PEM file. With --signer-key-file.")
    var signerCertFile = ""
    @Option(help: "Key of --signer-cert-file, a PEM file.") var signerKeyFile = ""
    @Option(help: "File with the password of --signer-key-file.") var signerKeyPasswordFile = ""
    @Option(help: "Certificate and key by which remote signers know this node, a PKCS#12 file, instead of those two.")
    var signerKeyStoreFile = ""
    @Option(help: "File with the password of --signer-key-store-file.") var signerKeyStorePasswordFile = ""
    @Option(
        help: "How long a remote signer may take for a signature before the next is asked. (default: 2s)",
        transform: duration)
    var signerTimeout: Duration?

    var flags: RemoteSignerFlags {
        var flags = RemoteSignerFlags()
        flags.urls = list(signerUrl)
        flags.authorityFile = signerCaFile
        flags.certificateFile = signerCertFile
        flags.keyFile = signerKeyFile
        flags.keyPasswordFile = signerKeyPasswordFile
        flags.keyStoreFile = signerKeyStoreFile
        flags.keyStorePasswordFile = signerKeyStorePasswordFile
        flags.timeout = signerTimeout
        return flags
    }
}
