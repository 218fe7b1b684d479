;; returns -403: a status that no call gave is the gatherer's own word, not the cluster's
;; attacks: none
;; says: it returned -403: the API server answered 403
(module
  (@custom "wagather.manifest" "gatherer 1 returns-a-status 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const -403)))
