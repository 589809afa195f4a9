variable "name" {
  description = "Name of the place; the alias of the key."
  type        = string
}

variable "account_id" {
  description = "AWS account, twelve digits."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}
