"""Who people are: the user pool and the one public client of the web page and the command line."""

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.cdk.environments import Environment
from infra.cdk.sharing import removal, share, stack_settings


class Identity(cdk.Stack):
    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "Identity", **stack_settings(environment, "identity"))
        pool = self._pool(environment)
        client = self._client(pool, environment)
        issuer = f"https://cognito-idp.{environment.region}.amazonaws.com/{pool.user_pool_id}"
        share(self, environment, "issuer", issuer)
        share(self, environment, "audience", client.user_pool_client_id)
        share(self, environment, "user-pool", pool.user_pool_id)

    def _pool(self, environment: Environment) -> cognito.UserPool:
        return cognito.UserPool(
            self,
            "People",
            self_sign_up_enabled=False,  # accounts come by invitation
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            password_policy=cognito.PasswordPolicy(
                min_length=12, require_digits=True, require_lowercase=True, require_symbols=True, require_uppercase=True
            ),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            feature_plan=cognito.FeaturePlan.PLUS,
            standard_threat_protection_mode=cognito.StandardThreatProtectionMode.FULL_FUNCTION,
            deletion_protection=environment.keeps_data,
            removal_policy=removal(environment),
        )

    def _client(self, pool: cognito.UserPool, environment: Environment) -> cognito.UserPoolClient:
        domain = cognito.CognitoDomainOptions(domain_prefix=f"{environment.name('people')}-{environment.account}")
        pool.add_domain("Domain", cognito_domain=domain)
        return pool.add_client(
            "Client",
            generate_secret=False,
            # Passwords pass through an administrator's call in dev only, where the rehearsal signs its people in.
            auth_flows=cognito.AuthFlow(user_srp=True, admin_user_password=environment.stage == "dev"),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL],
                callback_urls=[f"{environment.public_url}/signed-in"],
                logout_urls=[environment.public_url],
            ),
            access_token_validity=cdk.Duration.minutes(15),
            id_token_validity=cdk.Duration.minutes(15),
            refresh_token_validity=cdk.Duration.days(30),
            enable_token_revocation=True,
            prevent_user_existence_errors=True,
        )
