;; refused: a manifest that was cut
;; attacks: none
;; says: the last line does not end with a line feed
(module
  (@custom "wagather.manifest" "gatherer 1 manifest-unended 0\nresource list /v1/pods * *")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
