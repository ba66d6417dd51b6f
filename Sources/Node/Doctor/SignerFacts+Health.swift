import Doctor
import RemoteSigner

extension SignerFacts {
    init(name: String, _ health: SignerHealth) {
        self.init(name: name)
        switch health {
        case .up: self.health = .up
        case .unhealthy(let why): self.health = .unhealthy(why)
        case .unreachable(let why): self.health = .unreachable(why)
        case .unknown: break
        }
    }
}
