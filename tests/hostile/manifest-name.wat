;; refused: a gatherer's name that would lead out of the archive
;; attacks: none
;; says: its manifest is not well-formed: line 1: the gatherer's name is not a DNS label
(module
  (@custom "wagather.manifest" "gatherer 1 ../manifest 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
